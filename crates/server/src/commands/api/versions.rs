//! `mainstay api versions`

use crate::contracts;
use crate::failure::Failure;
use crate::project::Opened;
use crate::terminal::say;
use clap::Args;
use mainstay_model::Version;
use std::path::PathBuf;
use std::process::ExitCode;

const SECONDS_A_DAY: i64 = 86_400;

/// List the versions of the API
#[derive(Debug, Args)]
pub(crate) struct Versions {
    /// The project folder
    #[arg(default_value = ".")]
    folder: PathBuf,
}

impl Versions {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let project = Opened::load(&self.folder)?;
        for version in project.application.versions.iter() {
            let frozen = contracts::read(&self.folder, version.number)?.is_some();
            say(&format!("{}\n", line(version, frozen)));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// `v1  frozen, deprecated since 2027-01-31, gone on 2027-06-30`
fn line(version: &Version, frozen: bool) -> String {
    let day = |seconds: i64| {
        mainstay_expr::format_date(i32::try_from(seconds.div_euclid(SECONDS_A_DAY)).unwrap_or(i32::MAX))
    };
    let mut states = vec![if frozen { "frozen".to_owned() } else { "not frozen".to_owned() }];
    states.extend(version.face.is_none().then(|| "the newest".to_owned()));
    states.extend(version.deprecated.map(|at| format!("deprecated as of {}", day(at))));
    states.extend(version.sunset.map(|at| format!("gone on {}", day(at))));
    format!("v{}  {}", version.number, states.join(", "))
}
