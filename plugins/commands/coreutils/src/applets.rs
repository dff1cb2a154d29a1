//! The table: what uutils says compiles to WASI (its feature `feat_wasm`), without `nice` and `tee`, which are
//! in `extras`.

use std::ffi::OsString;

pub(crate) type Arguments = std::vec::IntoIter<OsString>;
pub(crate) type Applet = fn(Arguments) -> i32;

pub(crate) fn find(name: &str) -> Option<Applet> {
    TABLE.binary_search_by_key(&name, |(name, _)| *name).ok().map(|at| TABLE[at].1)
}

/// Whether the words that are no options are files that it reads, of which `-` is its input.
pub(crate) fn reads_files(name: &str) -> bool {
    READERS.contains(&name) || name.ends_with("sum")
}

const READERS: &[&str] = &[
    "base32", "base64", "basenc", "cat", "comm", "csplit", "cut", "expand", "fmt", "fold", "head", "join", "nl", "od",
    "paste", "pr", "shuf", "sort", "split", "tail", "tsort", "unexpand", "uniq", "wc",
];

/// Sorted by name.
const TABLE: &[(&str, Applet)] = &[
    ("[", uu_test::uumain),
    ("arch", uu_arch::uumain),
    ("b2sum", uu_b2sum::uumain),
    ("base32", uu_base32::uumain),
    ("base64", uu_base64::uumain),
    ("basename", uu_basename::uumain),
    ("basenc", uu_basenc::uumain),
    ("cat", uu_cat::uumain),
    ("cksum", uu_cksum::uumain),
    ("comm", uu_comm::uumain),
    ("cp", uu_cp::uumain),
    ("csplit", uu_csplit::uumain),
    ("cut", uu_cut::uumain),
    ("date", uu_date::uumain),
    ("dd", uu_dd::uumain),
    ("dir", uu_dir::uumain),
    ("dircolors", uu_dircolors::uumain),
    ("dirname", uu_dirname::uumain),
    ("echo", uu_echo::uumain),
    ("expand", uu_expand::uumain),
    ("expr", uu_expr::uumain),
    ("factor", uu_factor::uumain),
    ("false", uu_false::uumain),
    ("fmt", uu_fmt::uumain),
    ("fold", uu_fold::uumain),
    ("head", uu_head::uumain),
    ("hostid", uu_hostid::uumain),
    ("join", uu_join::uumain),
    ("link", uu_link::uumain),
    ("ln", uu_ln::uumain),
    ("ls", uu_ls::uumain),
    ("md5sum", uu_md5sum::uumain),
    ("mkdir", uu_mkdir::uumain),
    ("mktemp", uu_mktemp::uumain),
    ("mv", uu_mv::uumain),
    ("nl", uu_nl::uumain),
    ("nproc", uu_nproc::uumain),
    ("numfmt", uu_numfmt::uumain),
    ("od", uu_od::uumain),
    ("paste", uu_paste::uumain),
    ("pathchk", uu_pathchk::uumain),
    ("pr", uu_pr::uumain),
    ("printenv", uu_printenv::uumain),
    ("printf", uu_printf::uumain),
    ("ptx", uu_ptx::uumain),
    ("pwd", uu_pwd::uumain),
    ("readlink", uu_readlink::uumain),
    ("realpath", uu_realpath::uumain),
    ("rm", uu_rm::uumain),
    ("rmdir", uu_rmdir::uumain),
    ("seq", uu_seq::uumain),
    ("sha1sum", uu_sha1sum::uumain),
    ("sha224sum", uu_sha224sum::uumain),
    ("sha256sum", uu_sha256sum::uumain),
    ("sha384sum", uu_sha384sum::uumain),
    ("sha512sum", uu_sha512sum::uumain),
    ("shred", uu_shred::uumain),
    ("shuf", uu_shuf::uumain),
    ("sleep", uu_sleep::uumain),
    ("sort", uu_sort::uumain),
    ("split", uu_split::uumain),
    ("sum", uu_sum::uumain),
    ("tail", uu_tail::uumain),
    ("test", uu_test::uumain),
    ("touch", uu_touch::uumain),
    ("tr", uu_tr::uumain),
    ("true", uu_true::uumain),
    ("truncate", uu_truncate::uumain),
    ("tsort", uu_tsort::uumain),
    ("tty", uu_tty::uumain),
    ("uname", uu_uname::uumain),
    ("unexpand", uu_unexpand::uumain),
    ("uniq", uu_uniq::uumain),
    ("unlink", uu_unlink::uumain),
    ("vdir", uu_vdir::uumain),
    ("wc", uu_wc::uumain),
    ("yes", uu_yes::uumain),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_every_name_is_found() {
        assert!(TABLE.is_sorted_by_key(|(name, _)| *name));
        assert!(find("[").is_some() && find("yes").is_some() && find("nice").is_none());
    }
}
