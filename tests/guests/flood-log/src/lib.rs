//! Prints 128 MiB of lines, half of them to standard error: meets the limit of logs, which cuts them and lets it go on.

#[skep::agent]
fn run(_: skep::Task) -> skep::Result<String> {
    let line = "l".repeat(1023);
    for _ in 0..64 << 10 {
        println!("{line}");
        eprintln!("{line}");
    }
    Ok("printed it all".to_owned())
}
