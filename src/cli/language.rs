//! Chinese or English.

use super::chinese;
use clap::ValueEnum;
use std::borrow::Cow;

/// Language of messages to people. JSON always carries both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// 中文
    Zh,
    /// English
    En,
}

impl Language {
    /// From `LC_ALL`, `LC_MESSAGES`, `LANG`, the first that is set: Chinese when it begins with `zh`.
    pub fn of_environment() -> Self {
        let set =
            ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(|v| std::env::var(v).ok().filter(|s| !s.is_empty()));
        if set.is_some_and(|s| s.starts_with("zh")) { Self::Zh } else { Self::En }
    }

    /// The language that the arguments of this program ask for, where they themselves cannot be understood.
    pub fn of_arguments() -> Option<Self> {
        let arguments: Vec<String> = std::env::args_os().map(|a| a.to_string_lossy().into_owned()).collect();
        let after = arguments.windows(2).filter(|w| w[0] == "--lang").map(|w| w[1].as_str());
        let mut given = after.chain(arguments.iter().filter_map(|a| a.strip_prefix("--lang=")));
        given.find_map(|g| Self::from_str(g, false).ok())
    }

    /// An English phrase of an error or a refusal in this language: as it is where it has no Chinese form.
    pub fn say(self, english: &str) -> Cow<'_, str> {
        match self {
            Self::Zh => chinese::say(english),
            Self::En => Cow::Borrowed(english),
        }
    }

    /// One of two texts.
    pub fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}
