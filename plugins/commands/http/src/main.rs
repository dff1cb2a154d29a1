//! curl and wget, as far as a run needs them. The host decides about each request, sends it and checks certificates; redirects
//! are followed here, each as a request of its own. There is no configuration file, no proxy, and no meter of progress.

mod ask;
mod base64;
mod curl;
mod decode;
mod reason;
mod url;
mod wget;

mod bindings {
    wit_bindgen::generate!({ world: "fetching-command", path: "../../../guest-sdk/wit/command", generate_all });
}

fn main() {
    place::run(|arguments| match place::name_of(&arguments) {
        "wget" => wget::run(&arguments),
        _ => curl::run(&arguments),
    })
}
