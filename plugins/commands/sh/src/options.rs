//! `set -o` and `shopt`: which are on.

use serde::{Deserialize, Serialize};

macro_rules! switches {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $text:literal $letter:literal $at_start:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name { $($variant),* }

        impl $name {
            /// Each with its name, its letter (a blank: none), and whether it is on at the start.
            pub(crate) const ALL: &[($name, &str, char, bool)] = &[$(($name::$variant, $text, $letter, $at_start)),*];

            pub(crate) fn named(name: &str) -> Option<$name> {
                Self::ALL.iter().find(|(_, text, _, _)| *text == name).map(|(switch, ..)| *switch)
            }

        }
    };
}

switches! {
    /// The options of `set`.
    Opt {
        Allexport "allexport" 'a' false,
        Braceexpand "braceexpand" 'B' true,
        Emacs "emacs" ' ' false,
        Errexit "errexit" 'e' false,
        Errtrace "errtrace" 'E' false,
        Functrace "functrace" 'T' false,
        Hashall "hashall" 'h' true,
        Histexpand "histexpand" 'H' false,
        History "history" ' ' false,
        Ignoreeof "ignoreeof" ' ' false,
        Interactive "interactive-comments" ' ' true,
        Keyword "keyword" 'k' false,
        Monitor "monitor" 'm' false,
        Noclobber "noclobber" 'C' false,
        Noexec "noexec" 'n' false,
        Noglob "noglob" 'f' false,
        Nolog "nolog" ' ' false,
        Notify "notify" 'b' false,
        Nounset "nounset" 'u' false,
        Onecmd "onecmd" 't' false,
        Physical "physical" 'P' false,
        Pipefail "pipefail" ' ' false,
        Posix "posix" ' ' false,
        Privileged "privileged" 'p' false,
        Verbose "verbose" 'v' false,
        Vi "vi" ' ' false,
        Xtrace "xtrace" 'x' false,
    }
}

switches! {
    /// The options of `shopt`.
    Shopt {
        AssocExpandOnce "assoc_expand_once" ' ' false,
        Autocd "autocd" ' ' false,
        CdableVars "cdable_vars" ' ' false,
        Checkhash "checkhash" ' ' false,
        Checkwinsize "checkwinsize" ' ' true,
        Cmdhist "cmdhist" ' ' true,
        CompleteFullquote "complete_fullquote" ' ' true,
        Direxpand "direxpand" ' ' false,
        Dirspell "dirspell" ' ' false,
        Dotglob "dotglob" ' ' false,
        Execfail "execfail" ' ' false,
        ExpandAliases "expand_aliases" ' ' false,
        Extdebug "extdebug" ' ' false,
        Extglob "extglob" ' ' false,
        Extquote "extquote" ' ' true,
        Failglob "failglob" ' ' false,
        GlobAsciiRanges "globasciiranges" ' ' true,
        Globskipdots "globskipdots" ' ' true,
        Globstar "globstar" ' ' false,
        GnuErrfmt "gnu_errfmt" ' ' false,
        Histappend "histappend" ' ' false,
        Histreedit "histreedit" ' ' false,
        Histverify "histverify" ' ' false,
        Hostcomplete "hostcomplete" ' ' true,
        Huponexit "huponexit" ' ' false,
        InheritErrexit "inherit_errexit" ' ' false,
        Lastpipe "lastpipe" ' ' false,
        Lithist "lithist" ' ' false,
        LocalvarInherit "localvar_inherit" ' ' false,
        LocalvarUnset "localvar_unset" ' ' false,
        LoginShell "login_shell" ' ' false,
        Mailwarn "mailwarn" ' ' false,
        NoEmptyCmdCompletion "no_empty_cmd_completion" ' ' false,
        Nocaseglob "nocaseglob" ' ' false,
        Nocasematch "nocasematch" ' ' false,
        Nullglob "nullglob" ' ' false,
        PatsubReplacement "patsub_replacement" ' ' true,
        Progcomp "progcomp" ' ' true,
        Promptvars "promptvars" ' ' true,
        RestrictedShell "restricted_shell" ' ' false,
        ShiftVerbose "shift_verbose" ' ' false,
        Sourcepath "sourcepath" ' ' true,
        XpgEcho "xpg_echo" ' ' false,
    }
}

impl Opt {
    pub(crate) fn lettered(letter: char) -> Option<Opt> {
        Self::ALL.iter().find(|(_, _, known, _)| *known == letter).map(|(switch, ..)| *switch)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Options {
    set: u64,
    shopt: u64,
}

impl Default for Options {
    fn default() -> Self {
        let at_start = |switches: &mut dyn Iterator<Item = (u64, bool)>| {
            switches.filter(|(_, on)| *on).fold(0, |bits, (bit, _)| bits | 1 << bit)
        };
        Options {
            set: at_start(&mut Opt::ALL.iter().map(|(switch, _, _, on)| (*switch as u64, *on))),
            shopt: at_start(&mut Shopt::ALL.iter().map(|(switch, _, _, on)| (*switch as u64, *on))),
        }
    }
}

impl Options {
    pub(crate) fn on(&self, switch: Opt) -> bool {
        self.set & (1 << switch as u64) != 0
    }

    pub(crate) fn shopt(&self, switch: Shopt) -> bool {
        self.shopt & (1 << switch as u64) != 0
    }

    pub(crate) fn set(&mut self, switch: Opt, on: bool) {
        let bit = 1 << switch as u64;
        self.set = if on { self.set | bit } else { self.set & !bit };
    }

    pub(crate) fn set_shopt(&mut self, switch: Shopt, on: bool) {
        let bit = 1 << switch as u64;
        self.shopt = if on { self.shopt | bit } else { self.shopt & !bit };
    }

    /// `$-`.
    pub(crate) fn letters(&self) -> String {
        let mut letters: Vec<char> = Opt::ALL
            .iter()
            .filter(|(switch, _, letter, _)| *letter != ' ' && self.on(*switch))
            .map(|(_, _, l, _)| *l)
            .collect();
        letters.sort_by_key(|letter| (letter.is_uppercase(), *letter));
        letters.into_iter().collect()
    }

    /// `$BASHOPTS`.
    pub(crate) fn shopt_names(&self) -> String {
        let on = Shopt::ALL.iter().filter(|(switch, ..)| self.shopt(*switch));
        on.map(|(_, name, ..)| *name).collect::<Vec<_>>().join(":")
    }

    /// `$SHELLOPTS`.
    pub(crate) fn names(&self) -> String {
        let on = Opt::ALL.iter().filter(|(switch, ..)| self.on(*switch));
        on.map(|(_, name, ..)| *name).collect::<Vec<_>>().join(":")
    }
}
