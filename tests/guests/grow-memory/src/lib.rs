//! Takes memory, MiB by MiB, until it is refused, and returns how many there were: meets the limit of memory.

#[skep::agent]
fn run(_: skep::Task) -> skep::Result<String> {
    let mut taken: Vec<Vec<u8>> = Vec::with_capacity(8192);
    loop {
        let mut piece = Vec::new();
        if taken.len() == taken.capacity() || piece.try_reserve_exact(1 << 20).is_err() {
            return Ok(format!("{} MiB", taken.len()));
        }
        piece.resize(1 << 20, 1);
        taken.push(piece);
    }
}
