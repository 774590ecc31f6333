//! A linked image: its functions, what refers to them, and where an address comes from.

use std::collections::BTreeMap;
use std::error::Error;

use addr2line::gimli::{Dwarf, EndianSlice, RunTimeEndian, SectionId};
use addr2line::{Context, demangle_auto};
use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget, SymbolKind};

use crate::place::Frame;

type Slice<'d> = EndianSlice<'d, RunTimeEndian>;

/// An image with relocations and line tables.
pub(crate) struct Image<'d> {
    /// The demangled names of functions by their addresses.
    functions: BTreeMap<u64, String>,
    /// For each function that code refers to, the addresses of the instructions that do.
    references: BTreeMap<u64, Vec<u64>>,
    lines: Context<Slice<'d>>,
}

impl<'d> Image<'d> {
    /// Reads an image.
    pub(crate) fn parse(data: &'d [u8]) -> Result<Self, Box<dyn Error>> {
        let file = object::File::parse(data)?;
        let is_function =
            |symbol: &object::Symbol<'_, '_>| symbol.kind() == SymbolKind::Text && symbol.size() > 0;
        let functions = file
            .symbols()
            .filter(is_function)
            .filter_map(|symbol| Some((even(symbol.address()), demangled(symbol.name().ok()?))))
            .collect();
        let mut references = BTreeMap::<u64, Vec<u64>>::new();
        for section in file.sections().filter(|section| section.kind() == object::SectionKind::Text) {
            for (from, relocation) in section.relocations() {
                let RelocationTarget::Symbol(symbol) = relocation.target() else { continue };
                let symbol = file.symbol_by_index(symbol)?;
                if is_function(&symbol) {
                    references.entry(even(symbol.address())).or_default().push(from);
                }
            }
        }
        if references.is_empty() {
            return Err("it has no relocations: link it with --emit-relocs".into());
        }
        // The relocations of these sections have been applied by the linker.
        let section = |id: SectionId| {
            let data = file.section_by_name(id.name()).and_then(|section| section.data().ok());
            Ok::<_, object::Error>(EndianSlice::new(data.unwrap_or_default(), RunTimeEndian::default()))
        };
        let lines = Context::from_dwarf(Dwarf::load(section)?)?;
        Ok(Self { functions, references, lines })
    }

    /// All functions: address and name.
    pub(crate) fn functions(&self) -> impl Iterator<Item = (u64, &str)> {
        self.functions.iter().map(|(address, name)| (*address, name.as_str()))
    }

    /// The addresses of the instructions that refer to a function.
    pub(crate) fn references_to(&self, function: u64) -> &[u64] {
        self.references.get(&function).map_or(&[], Vec::as_slice)
    }

    /// The function that has an address.
    pub(crate) fn function_at(&self, address: u64) -> Option<(u64, &str)> {
        let (start, name) = self.functions.range(..=address).next_back()?;
        Some((*start, name))
    }

    /// The functions that the instruction at an address comes from, the innermost first.
    pub(crate) fn frames(&self, address: u64) -> Result<Vec<Frame>, Box<dyn Error>> {
        let mut frames = Vec::new();
        let mut found = self.lines.find_frames(address).skip_all_loads()?;
        while let Some(frame) = found.next()? {
            let function = frame.function.as_ref().and_then(|name| Some(name.demangle().ok()?.into_owned()));
            let (file, line) = frame
                .location
                .map_or((None, None), |location| (location.file.map(str::to_owned), location.line));
            frames.push(Frame { function: function.unwrap_or_default(), file, line });
        }
        Ok(frames)
    }
}

/// Without the bit that says that a function is in Thumb code.
fn even(address: u64) -> u64 {
    address & !1
}

fn demangled(name: &str) -> String {
    demangle_auto(name.into(), None).into_owned()
}
