//! Commands of an image: each an instance of its own, over one root, with pipes between them.
//!
//! A call starts one command, usually a shell, and that one starts others through the one import that it has beside wasi. All
//! of them share the call's limits on processor time, calls and output; each has its own memory. They end with the call.

mod actor;
mod capture;
mod family;
pub mod git;
pub mod http;
mod image;
mod life;
mod loading;
mod open;
mod pipe;
mod streams;
pub(crate) mod time;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use bytes::Bytes;
use skep_model::{Access, LimitHit, LimitKind, Stream, Timestamp, Usage};

pub use capture::{Captured, Show};
pub use family::Ending;
pub use image::{Fetch, Image};
pub use open::Ask;

pub(crate) use actor::{Actor, link};
pub(crate) use family::AT_ONCE;
pub(crate) use life::Command;

use crate::command::capture::Capture;
use crate::command::family::{Family, Outside};
use crate::command::life::Start;
use crate::command::open::Handle;
use crate::command::time::Time;
use crate::{Meter, Sandbox, Workspace};

/// What is to be executed.
pub struct Execution {
    /// What there is to execute.
    pub image: Image,
    /// The folder that commands see as `/`.
    pub root: Workspace,
    /// What they may do with it.
    pub access: Access,
    /// A name of the image, and its arguments after it.
    pub arguments: Vec<String>,
    /// The whole environment.
    pub variables: Vec<(String, String)>,
    /// Where it starts; absolute.
    pub directory: String,
    /// What it reads from its standard input.
    pub input: Input,
    /// Who is shown what it writes while it writes it, if somebody is.
    pub show: Option<Show>,
    /// Ends it, and all that it started, after so long; its exit code is 124 then.
    pub time_limit: Option<Duration>,
    /// The most of its output that is kept, in bytes.
    pub output_bytes: usize,
    /// The call's counters and limits.
    pub meter: Arc<Meter>,
    /// The git data of the repositories in the root, which stands outside of it; none where there is no such data.
    pub git: Option<git::Git>,
    /// When its time begins, which is the same whenever it is executed again then; it has this machine's clock when there is none.
    pub began: Option<Timestamp>,
    /// Where its randomness comes from; it has this machine's when there is none.
    pub seed: Option<u64>,
    /// Who sends requests; none where none may be sent.
    pub http: Option<Arc<dyn http::Outgoing>>,
}

/// What a first command reads.
pub enum Input {
    /// These bytes.
    Bytes(Bytes),
    /// What somebody gives who is asked whenever there is nothing left to read.
    Asked(Ask),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    /// How the first command ended.
    pub ending: Ending,
    /// Standard output and standard error, in the order in which they were written.
    pub output: Captured,
    /// The limit that ended all of it, if one did.
    pub limit: Option<LimitHit>,
    /// What all commands used together.
    pub usage: Usage,
}

/// Ends what is left of a family when its call is over or dropped.
struct Disband(Arc<Family>);

impl Drop for Disband {
    fn drop(&mut self) {
        self.0.disband();
    }
}

impl Sandbox {
    /// Executes a command of an image, and whatever it starts, to the end of the first one.
    pub async fn execute(self: &Arc<Self>, execution: Execution) -> Executed {
        let Execution {
            image,
            root,
            access,
            arguments,
            variables,
            directory,
            input,
            show,
            time_limit,
            output_bytes,
            meter,
            git,
            began,
            seed,
            http,
        } = execution;
        let name = arguments.first().map_or("", String::as_str);
        let Some((_, component)) = image.command(name) else {
            let ending = Ending { code: 127, reason: format!("{name:?} is no command of this image") };
            return Executed { ending, output: Captured::default(), limit: None, usage: meter.usage() };
        };
        let capture = Arc::new(Capture::new(output_bytes, show, Arc::clone(&meter)));
        let _slot = self.shell_slot().await;
        let outside = Outside { git, http };
        let family = Family::new(Arc::clone(self), image, root, access, Arc::clone(&meter), outside);
        let _disband = Disband(Arc::clone(&family));
        let input = match input {
            Input::Bytes(bytes) => Handle::given(bytes),
            Input::Asked(ask) => Handle::asked(ask),
        };
        let given = BTreeMap::from([
            (0, input),
            (1, Handle::shown(&capture, Stream::Stdout)),
            (2, Handle::shown(&capture, Stream::Stderr)),
        ]);
        let (payload, time) = (Vec::new(), Time::from(began));
        let start = Start { component, arguments, variables, directory, given, payload, time_limit, time, seed };
        let ending = first(&family, start).await;
        Executed { ending, output: capture.captured(), limit: family.hit(), usage: meter.usage() }
    }
}

async fn first(family: &Arc<Family>, start: Start) -> Ending {
    let place = match family.place(None) {
        Ok(place) => place,
        Err(reason) => return Ending { code: 126, reason },
    };
    let wall = Duration::from_millis(family.meter.limits().wall_ms);
    let killed_with = AtomicU32::new(137);
    tokio::select! {
        biased;
        ending = life::live(start, place, &killed_with) => ending,
        () = family.loading.after(wall) => {
            let hit = family.meter.hit(LimitKind::WallMs, family.meter.limits().wall_ms).0;
            family.exceeded(hit);
            Ending { code: 137, reason: hit.to_string() }
        }
    }
}
