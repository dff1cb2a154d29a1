//! In which order files are listed.

use std::cmp::Ordering;
use std::time::SystemTime;

use super::Shown;
use super::options::{Options, Order};

pub(super) fn sort(files: &mut [Shown], options: &Options) {
    files.sort_by(|a, b| {
        let order = match options.order {
            Order::None => Ordering::Equal,
            Order::Name => a.name.cmp(&b.name),
            Order::Time => time(b, options).cmp(&time(a, options)).then_with(|| a.name.cmp(&b.name)),
            Order::Size => b.metadata.len().cmp(&a.metadata.len()).then_with(|| a.name.cmp(&b.name)),
            Order::Extension => extension(a).cmp(extension(b)).then_with(|| a.name.cmp(&b.name)),
        };
        let order = if options.reversed { order.reverse() } else { order };
        if options.folders_first { b.is_folder().cmp(&a.is_folder()).then(order) } else { order }
    });
}

/// The time that is shown and sorted by.
pub(super) fn time(file: &Shown, options: &Options) -> SystemTime {
    let time = if options.read_time { file.metadata.accessed() } else { file.metadata.modified() };
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}

fn extension(file: &Shown) -> &str {
    file.name.rsplit_once('.').map_or("", |(_, extension)| extension)
}
