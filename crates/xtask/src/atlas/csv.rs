//! The atlas as CSV (RFC 4180), under the names that its models give the fields.

use super::pbf::City;
use std::fmt::Write;

/// `country.code`: a ref is given by a unique field of what it points to.
const CITY_HEADER: &str = "geonames_id,name,country.code,population,latitude,longitude,feature,admin\n";

/// All cities, one a line, in the order given.
pub(crate) fn cities(cities: &[City]) -> String {
    let mut csv = CITY_HEADER.to_owned();
    for city in cities {
        let City { geonames_id, population, .. } = city;
        let [name, country, feature, admin] =
            [&city.name, &city.country, &city.feature, &city.admin].map(|text| quoted(text));
        let [latitude, longitude] = [city.latitude, city.longitude].map(degrees);
        writeln!(csv, "{geonames_id},{name},{country},{population},{latitude},{longitude},{feature},{admin}")
            .expect("a String takes all that is written to it");
    }
    csv
}

/// All countries: pairs of code and name.
pub(crate) fn countries<'a>(countries: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let lines = countries.into_iter().map(|(code, name)| format!("{},{}\n", quoted(code), quoted(name)));
    std::iter::once("code,name\n".to_owned()).chain(lines).collect()
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// Exactly what the data has: five digits, without zeros at the end that it does not state.
fn degrees(hundred_thousandths: i64) -> String {
    let sign = if hundred_thousandths < 0 { "-" } else { "" };
    let amount = hundred_thousandths.unsigned_abs();
    let text = format!("{sign}{}.{:05}", amount / 100_000, amount % 100_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_keep_their_digits() {
        for (input, expected) in [
            (0, "0"),
            (1, "0.00001"),
            (-1, "-0.00001"),
            (100_000, "1"),
            (4_250_900, "42.509"),
            (-10_665_114, "-106.65114"),
            (9_000_000, "90"),
        ] {
            assert_eq!(degrees(input), expected, "{input}");
        }
    }

    #[test]
    fn text_is_quoted_where_it_must_be() {
        let written = countries([("CI", "Côte d’Ivoire"), ("XX", "Isles, \"Far\""), ("", "")]);
        assert_eq!(written, "code,name\nCI,Côte d’Ivoire\nXX,\"Isles, \"\"Far\"\"\"\n,\n");
    }

    #[test]
    fn a_city_is_a_line() {
        let city = City {
            geonames_id: 2_988_507,
            name: "Paris".into(),
            country: "FR".into(),
            feature: "PPLC".into(),
            admin: "11".into(),
            population: 2_138_551,
            longitude: 234_880,
            latitude: 4_885_341,
        };
        let line = cities(&[city]).lines().nth(1).map(str::to_owned);
        assert_eq!(line.as_deref(), Some("2988507,Paris,FR,2138551,48.85341,2.3488,PPLC,11"));
    }
}
