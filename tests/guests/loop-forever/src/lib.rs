//! Spins and never calls its host: only a limit of processor time or a cancel ends it.

#[skep::agent]
fn run(_: skep::Task) -> skep::Result<String> {
    loop {
        std::hint::spin_loop();
    }
}
