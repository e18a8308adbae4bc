//! What the command line says of itself: completions for shells, and manual pages.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Arguments, CliError};
use crate::domain::text;
use crate::ops::OpsError;

/// The script that makes a shell complete this program's commands and options.
#[must_use]
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    let mut command = Arguments::command();
    clap_complete::generate(shell, &mut command, "afterimage", &mut script);
    script
}

/// A manual page: that of the program, or of the command that these words name.
///
/// # Errors
/// Where there is no such command.
pub fn page(words: &[String]) -> Result<Vec<u8>, CliError> {
    let mut program = Arguments::command();
    program.build();
    let mut command = &program;
    for word in words {
        command = command.find_subcommand(word).ok_or_else(|| {
            let names = command.get_subcommands().map(clap::Command::get_name);
            let perhaps = text::perhaps(word, names);
            OpsError::Absent(format!("there is no command '{}'{perhaps}", text::shorten(&words.join(" "), 80)))
        })?;
    }
    let mut page = Vec::new();
    let command = command.clone().disable_help_subcommand(true);
    clap_mangen::Man::new(command).render(&mut page)?;
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(ToOwned::to_owned).collect()
    }

    #[test]
    fn every_shell_gets_completions_for_every_command() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Elvish, Shell::PowerShell] {
            let script = String::from_utf8(completions(shell)).unwrap();
            for name in ["incident", "reopen", "no-processor"] {
                assert!(script.contains(name), "{shell} does not complete {name}");
            }
        }
    }

    #[test]
    fn every_command_has_a_manual_page() {
        fn check(command: &clap::Command, above: &[String]) {
            for below in command.get_subcommands() {
                let words = [above, &[below.get_name().to_owned()]].concat();
                let page = String::from_utf8(page(&words).unwrap()).unwrap();
                assert!(
                    page.contains(".SH SYNOPSIS") && page.contains(&format!("afterimage {}", words.join(" "))),
                    "{page}"
                );
                check(below, &words);
            }
        }
        check(&Arguments::command(), &[]);
        let whole = String::from_utf8(page(&[]).unwrap()).unwrap();
        assert!(whole.contains("\\-\\-read\\-only") && whole.contains("Exit status"), "{whole}");
    }

    #[test]
    fn a_command_that_is_not_there_is_named() {
        let error = page(&words("incident clsoe")).unwrap_err();
        assert_eq!(
            (error.exit_status(), error.to_string().as_str()),
            (3, "there is no command 'incident clsoe': perhaps 'close'")
        );
    }
}
