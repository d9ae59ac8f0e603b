//! Chinese or English.

/// Language of messages to people. JSON always carries both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
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

    /// One of two texts.
    pub fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}
