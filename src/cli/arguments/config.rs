//! `config ...`

use clap::{Args, Subcommand};

const CHECK_HELP: &str = "\
Reads the whole file, asks every source whether it answers, and says for each rule what it would give. With \
labels, it says which rule an alert with them has, and evaluates its expression.

Exit status 2 where the file or an expression is wrong, 5 where a source does not answer.

Example:
  afterimage config check --label alertname=HighErrorRate --label service=checkout";

/// `config ...`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check the configuration file and all that it names
    Check(CheckArguments),
}

/// `config check ...`
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = CHECK_HELP)]
pub struct CheckArguments {
    /// A label of the alert that is asked about; may be given several times
    #[arg(long = "label", value_name = "NAME=VALUE", value_parser = pair)]
    pub labels: Vec<(String, String)>,
    /// An annotation of that alert; may be given several times
    #[arg(long = "annotation", value_name = "NAME=VALUE", value_parser = pair, requires = "labels")]
    pub annotations: Vec<(String, String)>,
    /// The generatorURL of that alert
    #[arg(long, value_name = "URL", requires = "labels")]
    pub generator_url: Option<String>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("a name and a value: write it like service=checkout".to_owned()),
    }
}
