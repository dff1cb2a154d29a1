//! What `--help` teaches beside the list of flags.

use std::fmt::Write as _;

use crate::exit::TABLE;

pub(crate) const EXAMPLES: &str = "\
Examples
  skep run start --env repo-readonly --repo .     audit this repository, live
  skep run list                                   what ran
  skep run logs ID                                what one of them did, event by event
  skep run replay ID                              proof that the record is exact
  skep doctor                                     what this machine can do

`skep --help` also lists the exit codes; `skep COMMAND --help` has examples for each command.";

pub(crate) const RUN: &str = "\
A run is durable from the moment it is accepted. If skep is killed, `skep run resume` (or the next `skep run start`) takes
it up where it was.";

pub(crate) const RUN_START: &str = "\
Examples
  skep run start --env repo-readonly --repo .                    the environment's own agent, audit
  skep run start --agent audit -e repo-readonly --repo https://example.org/some/repo.git
  skep run start --agent mine -p 'Tidy up' --limit wall_ms=5min --limit calls=500
  skep run start --agent mine -p @task.md --context '{\"depth\": 2}' --output ndjson
  skep run start --agent mine -p - --detach < task.md            accept only; `skep run resume` works on it
  skep run start --batch tasks.ndjson --output ndjson            one run a line

While it runs, Ctrl-C cancels the run and waits for its end; Ctrl-C again leaves: the run stays and goes on at the next start.
With --output json the record is printed at the end; with ndjson each event as it becomes durable, then the record.
With --batch, a line that can't be taken is reported and the others go on; the exit code is then 6.";

pub(crate) const RUN_RESUME: &str = "\
Examples
  skep run resume                      after a crash, or after `skep run start --detach`
  skep run resume --output ndjson      one record a line, as each run ends

Ctrl-C leaves: what has not ended stays, and goes on at the next start.";

pub(crate) const RUN_SEND: &str = "\
Examples
  skep run send 0199f3a2 'Skip the vendored folders'
  git diff | skep run send 0199f3a2 -

The message is durable when this returns. `skep run resume` lets the run hear it.";

pub(crate) const RUN_LIST: &str = "\
Examples
  skep run list --state FAILED --state ERROR
  skep run list --agent audit --limit 100 --output json
  skep run list --cursor CURSOR        the cursor stands in page_info.next_cursor, and below a list that has more";

pub(crate) const RUN_LOGS: &str = "\
Examples
  skep run logs 0199f3a2
  skep run logs 0199f3a2 --from 40 --output ndjson
  skep run logs 0199f3a2 -f            if the run is unfinished: take it up and show the rest";

pub(crate) const RUN_REPLAY: &str = "\
The agent runs in its sandbox with nobody behind the door: each of its calls is compared with the journal and answered from
it. The exit code is 0 only if every call and the end are the same, byte for byte; 9 if something differs, with the event's
number and both sides; 10 if all is the same but the end was not the agent's own (cancelled, or not ended yet).";

pub(crate) const RUN_ARTIFACTS: &str = "\
Examples
  skep run artifacts 0199f3a2
  skep run artifacts 0199f3a2 --get audit.md
  skep run artifacts 0199f3a2 --get audit.json -o audit.json";

pub(crate) const RUN_DIFF: &str = "\
The patch is against the files as they were brought, before the startup commands; what .gitignore names is left out. With
several repositories there is a patch for each, which `run artifacts` has apart. The exit code is 10 if not all that changed could
be told or shown.

Examples
  skep run diff 0199f3a2
  skep run diff 0199f3a2 --list
  skep run diff 0199f3a2 | git apply";

pub(crate) const RUN_WORKSPACE: &str = "\
A run's workspace is removed when the run ends. That of a failed one stays as long as its environment says in
`retention = { failed_workspace = \"1h\" }`. A copy has all files, with links as they are: what made them may have meant harm, so
don't follow them unseen.

Examples
  skep run workspace 0199f3a2
  skep run workspace 0199f3a2 --export /tmp/failed";

pub(crate) const AGENT_LIST: &str = "\
Agents are plugins with `provides = \"agent\"`. An agent has no rights of its own; the environment of a run gives it tools.";

pub(crate) const ENV_SHOW: &str = "\
Examples
  skep env show repo-readonly

An environment is a folder with an environment.toml. To make your own, put it below a folder that you name with
--environments, SKEP_ENVIRONMENTS or `environments` in skep.toml. One with the name of a shipped environment takes its place.";

pub(crate) const ENV_SHELL: &str = "\
Examples
  skep env shell repo --repo .                      type commands into a sandbox with a copy of this repository
  skep env shell repo --repo . -c 'rg -c TODO'      execute one line, and end with its exit code
  echo 'wc -l *.md' | skep env shell repo --repo .  a script from standard input

The shell sees the image's commands and a workspace that is gone when it ends, and nothing else of this machine: your files are
copied, there is no network, and no program of this machine can be started. It is what the agent's tool `shell.run` executes.";

pub(crate) const PLUGIN_CHECK: &str = "\
Examples
  skep plugin check plugins/mine       the folder with plugin.toml and the built component

It reads the manifest, compiles the component, asks it what it offers in a sandbox without any grant, and compares the two.";

pub(crate) const IMAGE: &str = "\
An image is a set of commands, each of them a WebAssembly component: what a sandboxed shell can execute, and nothing else.
Images are kept below images/ in the data folder, and need no host and no lock: they can be changed beside a running one.
Where REF or FOLDER will do, a name is a folder if there is one of that name with an image.toml, or if it begins with `.`
or `/`. No registry is ever made up: a reference without one, such as unix:0.1.0, is known on this machine only.";

pub(crate) const IMAGE_BUILD: &str = "\
Examples
  skep image build images/unix                         keeps it as NAME:VERSION
  skep image build images/unix --tag unix:dev

image.toml in the folder
  name = \"unix\"
  version = \"0.1.0\"
  description = \"Some of what a Unix has\"
  [env]                                                the commands' environment
  PATH = \"/usr/bin:/bin\"
  [[commands]]
  component = \"coreutils.wasm\"                         in the folder or below it
  names = [\"cat\", \"cp\", \"ls\"]                        one component may be several commands, by its first argument";

pub(crate) const IMAGE_PUSH: &str = "\
Examples
  skep image push ghcr.io/acme/unix:0.1.0 images/unix  builds the folder and sends it
  skep image push ghcr.io/acme/unix:0.1.0              sends what this reference means here
  skep image push 127.0.0.1:5000/unix:dev images/unix  a registry of this machine needs no TLS

The second line of the output pins what was pushed: it names the same bytes for ever.
SKEP_REGISTRY_USER and SKEP_REGISTRY_PASSWORD say who asks; without them, docker's config.json does, if they stand in it.";

pub(crate) const IMAGE_PULL: &str = "\
Examples
  skep image pull ghcr.io/acme/unix:0.1.0
  skep image pull ghcr.io/acme/unix@sha256:DIGEST      the same bytes for ever
  skep image pull ghcr.io/bytes/jq:1.7                 one component, made by other tools: the command jq

Components that are here and whole are not sent again, so a pull that was cut off goes on where it was.
Every component is compared with its digest before it is kept.";

pub(crate) const IMAGE_INSPECT: &str = "\
Examples
  skep image inspect unix:0.1.0
  skep image inspect ./images/unix --output json";

pub(crate) const IMAGE_VERIFY: &str = "\
Examples
  skep image verify --all
  skep image verify unix:0.1.0                         every byte that is kept is what its digest says
  skep image verify ./images/unix                      a host will take this folder

The exit code is 8 if something that is kept is damaged; `skep image pull`, or `build`, brings it back.";

pub(crate) const STORE: &str = "\
The journal (journal/ in the data folder) is the truth; the state (state/) can be made again from it at any time.";

pub(crate) const DOCTOR: &str = "\
Also shows every limit with its default and its maximum. Maxima are set in skep.toml in the data folder.";

/// The long help's end: examples, files, variables, exit codes.
pub(crate) fn long() -> String {
    let mut text = format!("{EXAMPLES}\n\n{FILES}\n\nExit codes\n");
    for (exit, meaning) in TABLE {
        // A String takes every write.
        writeln!(text, "  {:>3}  {meaning}", exit.code()).unwrap_or_default();
    }
    text
}

const FILES: &str = "\
Files and variables
  SKEP_DATA, --data                    the data folder; skep.toml in it configures the host, every key may be left out
  SKEP_PLUGINS, --plugins              folders of plugins, separated by `:`
  SKEP_ENVIRONMENTS, --environments    folders of environments, separated by `:`
  SKEP_REGISTRY_USER, _PASSWORD        who asks a registry for images
  SKEP_OUTPUT, --output                pretty, json, ndjson or text
  NO_COLOR                             no colours";
