//! Tables of Markdown, whose columns line up in a terminal too.

/// Rows of cells, the first of which are the headings. All columns but the first `left` are numbers.
pub(crate) struct Table {
    left: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings.
    pub(crate) fn new<const N: usize>(left: usize, headings: [&str; N]) -> Self {
        Self { left, rows: vec![headings.map(str::to_owned).to_vec()] }
    }

    /// Adds cells to the headings.
    pub(crate) fn headings(mut self, more: &[&str]) -> Self {
        self.rows[0].extend(more.iter().map(|heading| (*heading).to_owned()));
        self
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The lines.
    pub(crate) fn markdown(&self) -> String {
        let columns = self.rows[0].len();
        let width =
            |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
                if column < self.left { format!(" {cell:<width$} |") } else { format!(" {cell:>width$} |") }
            });
            format!("|{}\n", cells.collect::<String>())
        };
        let rule = widths.iter().enumerate().map(|(column, width)| {
            let end = if column < self.left { "-" } else { ":" };
            format!("{}{end}|", "-".repeat(width + 1))
        });
        let rule = format!("|{}\n", rule.collect::<String>());
        self.rows.iter().take(1).map(line).chain([rule]).chain(self.rows.iter().skip(1).map(line)).collect()
    }
}

/// A multiple, or `-` for what there is not.
pub(crate) fn times(ratio: impl Into<Option<f64>>) -> String {
    ratio.into().map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}x"))
}
