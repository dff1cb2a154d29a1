//! Modules for `import`: files that are modules themselves, and everything that `require` knows, with its properties as exports.

use rquickjs::function::This;
use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::{Array, Ctx, Error, Function, Module, Object, Result};

use crate::engine::HOST;
use crate::resolve::{self, Kind};

/// Before the names of modules that are part of the program.
pub(crate) const BUILT_IN: &str = "node:";

pub(crate) struct Finder;

impl Resolver for Finder {
    fn resolve<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        if let Some(name) = built_in(ctx, name)? {
            return Ok(format!("{BUILT_IN}{name}"));
        }
        let folder = base.rsplit_once('/').map_or(".", |(folder, _)| if folder.is_empty() { "/" } else { folder });
        let missing = || Error::new_resolving_message(base, name, "there is no such module");
        resolve::file(&resolve::absolute(folder), name).ok_or_else(missing)
    }
}

fn built_in<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Option<String>> {
    let host: Object = ctx.globals().get(HOST)?;
    let known: Function = host.get("builtIn")?;
    known.call((name,))
}

pub(crate) struct Reader;

impl Loader for Reader {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        if name.starts_with(BUILT_IN) {
            return required(ctx, name);
        }
        let source =
            std::fs::read_to_string(name).map_err(|problem| Error::new_loading_message(name, problem.to_string()))?;
        match resolve::kind(name, &source) {
            Kind::Module => declare(ctx, name, source),
            Kind::Script | Kind::Json => required(ctx, name),
        }
    }
}

/// A module of a text, which finds its own place in `import.meta`.
pub(crate) fn declare<'js>(ctx: &Ctx<'js>, name: &str, source: String) -> Result<Module<'js, Declared>> {
    let module = Module::declare(ctx.clone(), name, without_interpreter(source))?;
    let meta = module.meta()?;
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    meta.set("url", format!("file://{name}"))?;
    meta.set("filename", name)?;
    meta.set("dirname", if folder.is_empty() { "/" } else { folder })?;
    Ok(module)
}

/// A line with `#!` becomes a comment, so that the numbers of lines stay.
pub(crate) fn without_interpreter(source: String) -> String {
    if source.starts_with("#!") { format!("//{source}") } else { source }
}

/// A module whose exports are the properties of what `require` gives for this name.
fn required<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Module<'js, Declared>> {
    let host: Object = ctx.globals().get(HOST)?;
    let names: Array = host.get::<_, Function>("exportsOf")?.call((This(host), name))?;
    let from = format!("globalThis.{HOST}.required({name:?})");
    let mut source = format!("const all = {from};\nexport default all;\n");
    for (number, exported) in names.iter::<String>().enumerate() {
        let exported = exported?;
        source.push_str(&format!("const x{number} = all[{exported:?}];\nexport {{ x{number} as {exported:?} }};\n"));
    }
    Module::declare(ctx.clone(), name, source)
}
