//! What the build needs of the machine: said at the start, because a full disk otherwise shows as a crashed linker.

use crate::process;
use crate::workspace::Workspace;

/// A clean debug build of everything, with tests and clippy, takes about this much, in MiB.
const BUILD_MIB: u64 = 3_000;

/// Prints the versions and the free space. Fails when a tool is missing or there is too little space.
pub(crate) fn check(workspace: &Workspace) -> Result<(), String> {
    print!("{}", process::text(workspace.cargo(["--version"]))?);
    let mut rustc = workspace.command(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.arg("--version");
    print!("{}", process::text(rustc)?);
    check_space(workspace)
}

fn check_space(workspace: &Workspace) -> Result<(), String> {
    let mut command = workspace.command("df");
    command.args(["-P", "-k"]).arg(&workspace.root);
    let Some(free) = process::text(command).ok().as_deref().and_then(free_mib) else {
        println!("free disk space is not known: `df` gave no answer");
        return Ok(());
    };
    println!("{free} MiB of disk are free");
    // What an earlier build left behind is not needed again.
    if free < BUILD_MIB && !workspace.target.join("debug/deps").is_dir() {
        return Err(format!("a clean build needs about {BUILD_MIB} MiB of disk, and {free} MiB are free"));
    }
    Ok(())
}

/// The free space in what `df -P -k` prints: a heading, then `device blocks used available capacity mount`.
fn free_mib(df: &str) -> Option<u64> {
    let kib: u64 = df.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    Some(kib / 1_024)
}

#[cfg(test)]
mod tests {
    use super::free_mib;

    #[test]
    fn df_is_understood() {
        let heading = "Filesystem 1024-blocks Used Available Capacity Mounted on\n";
        for (line, expected) in [
            ("/dev/sda1 263174212 12582912 83886080 14% /\n", Some(81_920)),
            ("overlay 10 10 0 100% /\n", Some(0)),
            ("nonsense\n", None),
            ("", None),
        ] {
            assert_eq!(free_mib(&format!("{heading}{line}")), expected, "{line}");
        }
    }
}
