//! Enums that are stored, printed and read by one name (rule 1).

use thiserror::Error;

/// A text is none of the names of an enum.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("'{given}' is no {what}: it is one of {names}")]
pub struct UnknownName {
    /// What was looked for, as a person says it.
    pub what: &'static str,
    /// What was given.
    pub given: String,
    /// The names there are.
    pub names: &'static str,
}

impl UnknownName {
    /// `given` is none of `names`.
    #[must_use]
    pub fn new(what: &'static str, given: &str, names: &'static str) -> Self {
        Self { what, given: super::text::shorten(given, 60), names }
    }
}

/// Declares an enum that is stored, printed and read by name (rule 1), so that the three can never differ.
macro_rules! named_enum {
    ($(#[$meta:meta])* $name:ident, $what:literal, $names:literal { $($(#[$variant_meta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_meta])* $variant),+ }

        impl $name {
            /// All of them, in the order of their declaration.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name under which it is stored, printed and read.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.pad(self.name())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::names::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::domain::names::UnknownName::new($what, text, $names)),
                }
            }
        }
    };
}
pub(crate) use named_enum;
