//! Time and order in skep: intake, scheduler, runner, the door.
