//! `--lang`: in which language a command explains.

use clap::ValueEnum;

use crate::text::lang::Lang;

/// The language of texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct LangArgs {
    /// Language of the text [default: from LC_ALL, LC_MESSAGES or LANG]; JSON is the same in every one
    #[arg(long, value_name = "LANG", ignore_case = true)]
    pub lang: Option<LangArg>,
}

/// A language by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LangArg {
    /// English
    En,
    /// Simplified Chinese
    #[value(name = "zh-CN", aliases = ["zh", "zh_CN", "zh-Hans"])]
    ZhCn,
}

impl LangArgs {
    /// What was asked for, else what the environment asks for.
    #[must_use]
    pub fn lang(self) -> Lang {
        match self.lang {
            Some(LangArg::En) => Lang::English,
            Some(LangArg::ZhCn) => Lang::Chinese,
            None => Lang::of_environment(),
        }
    }
}
