//! File names of segments. They repeat what the header says of a segment's extent, so that a file whose header is lost
//! still has its place.

/// Which segments a file holds, and which rewriting of them it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SegmentName {
    pub(crate) number: u64,
    pub(crate) through: u64,
    pub(crate) rewrite: u32,
}

impl SegmentName {
    /// A segment as first written.
    pub(crate) fn original(number: u64) -> Self {
        Self { number, through: number, rewrite: 0 }
    }

    /// `None` for a name that is not a segment's.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let stem = text.strip_suffix(".seg")?;
        let mut parts = stem.split('-').map(|part| part.parse::<u64>().ok());
        let name = match (parts.next()?, parts.next(), parts.next()) {
            (Some(number), None, None) => Self::original(number),
            (Some(number), Some(Some(through)), Some(Some(rewrite))) => {
                Self { number, through, rewrite: u32::try_from(rewrite).ok()? }
            }
            _ => return None,
        };
        // Segments after it must still have numbers.
        let is_possible = name.number > 0 && name.through >= name.number && name.through < u64::MAX;
        // Whatever reads as these numbers but is spelled differently was not written by a journal.
        (parts.next().is_none() && is_possible && name.to_string() == text).then_some(name)
    }

    /// Whether `other` is an older form of what this file holds.
    pub(crate) fn replaces(&self, other: &SegmentName) -> bool {
        self.rewrite > other.rewrite && self.number <= other.number && other.through <= self.through
    }
}

impl std::fmt::Display for SegmentName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.rewrite {
            0 => write!(f, "{:020}.seg", self.number),
            rewrite => write!(f, "{:020}-{:020}-{rewrite:010}.seg", self.number, self.through),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_as_they_were_written() {
        for name in [SegmentName::original(7), SegmentName { number: 3, through: 9, rewrite: 4 }] {
            assert_eq!(SegmentName::parse(&name.to_string()), Some(name));
        }
    }

    #[test]
    fn other_names_are_not_segments() {
        let largest = format!("{:020}.seg", u64::MAX);
        let zero = format!("{:020}.seg", 0);
        let backwards = format!("{:020}-{:020}-{:010}.seg", 5, 4, 1);
        let unwritten = format!("{:020}-{:020}-{:010}.seg", 1, 2, 0);
        let names = ["x.seg", "1.seg", "1.seg.tmp", "0.seg", "5-4-1.seg", "1-2.seg", "1-2-3-4.seg", "1"];
        for name in names.into_iter().chain([&*largest, &zero, &backwards, &unwritten]) {
            assert_eq!(SegmentName::parse(name), None, "{name}");
        }
    }
}
