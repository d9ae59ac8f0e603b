//! A table of features: named columns, one row per case, NaN where a feature is missing.

/// Features of many cases, row after row.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureTable {
    names: Vec<String>,
    values: Vec<f32>,
}

impl FeatureTable {
    /// An empty table with these columns.
    pub fn new(names: Vec<String>) -> Self {
        Self { names, values: Vec::new() }
    }

    /// Names of the columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.names.len()
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.values.len().checked_div(self.names.len()).unwrap_or(0)
    }

    /// Adds a row.
    ///
    /// # Panics
    /// When the row has another number of values than the table has columns: that is an error of the caller.
    pub fn push(&mut self, row: &[f32]) {
        assert_eq!(row.len(), self.names.len(), "a row has one value per column");
        self.values.extend_from_slice(row);
    }

    /// The values of one row.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.names.len()..][..self.names.len()]
    }

    /// All values, row after row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// A table of some rows, in the order given.
    pub fn select(&self, rows: &[usize]) -> Self {
        let values = rows.iter().flat_map(|r| self.row(*r).iter().copied()).collect();
        Self { names: self.names.clone(), values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_kept_in_order_and_selected() {
        let mut table = FeatureTable::new(vec!["a".into(), "b".into()]);
        assert_eq!((table.rows(), FeatureTable::new(Vec::new()).rows()), (0, 0));
        (0..4).for_each(|i| table.push(&[i as f32, -(i as f32)]));
        assert_eq!((table.rows(), table.columns(), table.row(2)), (4, 2, &[2.0, -2.0][..]));
        assert_eq!(table.select(&[3, 0]).values(), [3.0, -3.0, 0.0, 0.0]);
    }
}
