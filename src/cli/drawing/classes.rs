//! Classes of values: round limits, and the colour of each class.

use super::colours::Colours;

/// How classes divide a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Steps of equal width.
    Linear,
    /// Limits at 1, 2 and 5 of each power of ten; values not above zero have no class.
    Logarithmic,
    /// Steps of equal width as far below zero as above, with a colour table that turns there.
    Diverging,
}

/// Most classes.
const MOST: usize = 14;
/// Powers of ten below the largest value that a logarithmic scale shows.
const DECADES: i32 = 4;
/// Share of the values that may lie beyond the outermost limits at either end, so that one outlier does not fade all others.
const TAIL: f64 = 0.002;

/// Round limits of classes; values below the first or above the last belong to the outermost classes.
#[derive(Debug, Clone)]
pub struct Classes {
    /// Limits, rising; one more than classes.
    pub limits: Vec<f64>,
    /// Whether values lie below the first limit and above the last one.
    pub beyond: (bool, bool),
    colours: Colours,
    positive: bool,
}

impl Classes {
    /// Classes of finite `values`; `None` when there is none to show.
    pub fn of(values: impl Iterator<Item = f32>, scale: Scale) -> Option<Self> {
        let positive = scale == Scale::Logarithmic;
        let mut sorted: Vec<f64> = values.filter(|v| v.is_finite() && (!positive || *v > 0.0)).map(f64::from).collect();
        sorted.sort_by(f64::total_cmp);
        let (lowest, highest) = (*sorted.first()?, *sorted.last()?);
        let tail = (TAIL * sorted.len() as f64) as usize;
        let (low, high) = (sorted[tail], sorted[sorted.len() - 1 - tail]);
        let limits = match scale {
            Scale::Logarithmic => logarithmic(low, highest),
            Scale::Linear => linear(low, high),
            Scale::Diverging => {
                let most = low.abs().max(high.abs());
                linear(-most, most)
            }
        };
        let beyond = (lowest < limits[0], highest > limits[limits.len() - 1]);
        let colours = if scale == Scale::Diverging { Colours::Vik } else { Colours::Viridis };
        Some(Self { limits, beyond, colours, positive })
    }

    /// Number of classes.
    pub fn count(&self) -> usize {
        self.limits.len() - 1
    }

    /// Class of a value; `None`: not drawn.
    pub fn class(&self, value: f32) -> Option<usize> {
        let v = f64::from(value);
        if !v.is_finite() || self.positive && v <= 0.0 {
            return None;
        }
        Some(self.limits.partition_point(|l| *l <= v).saturating_sub(1).min(self.count() - 1))
    }

    /// Colour of a class as `#rrggbb`.
    pub fn colour(&self, class: usize) -> String {
        self.colours.at(if self.count() == 1 { 0.5 } else { class as f64 / (self.count() - 1) as f64 })
    }

    /// Labels of the limits, with as many decimals as their steps need.
    pub fn labels(&self) -> Vec<String> {
        let step = self.limits.windows(2).map(|w| w[1] - w[0]).fold(f64::INFINITY, f64::min);
        let largest = self.limits.iter().fold(0.0_f64, |m, l| m.max(l.abs()));
        if !(1e-2..1e5).contains(&largest) || self.positive {
            return self.limits.iter().map(|l| short(*l)).collect();
        }
        let mut decimals = 0;
        while decimals < 6 && (step * 10f64.powi(decimals) - (step * 10f64.powi(decimals)).round()).abs() > 1e-6 {
            decimals += 1;
        }
        let minus = |text: String| text.replace('-', "−");
        self.limits.iter().map(|l| minus(format!("{:.*}", decimals as usize, l + 0.0))).collect()
    }
}

/// `0.02`, `5`, `2e-7`: the shorter form of a round number.
fn short(value: f64) -> String {
    let plain = format!("{value}");
    let power = format!("{value:e}");
    let text = if plain.len() <= 6 { plain } else { power };
    text.replace('-', "−")
}

fn linear(low: f64, high: f64) -> Vec<f64> {
    let span = high - low;
    let scale = low.abs().max(high.abs());
    if span <= 1e-6 * scale || span == 0.0 {
        // one value everywhere: one class around it
        let half = if scale > 0.0 { 10f64.powf(scale.log10().floor() - 1.0) } else { 1.0 };
        return vec![low - half, low + half];
    }
    let rough = span / MOST as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .map(|m| m * power)
        .into_iter()
        .find(|s| (high / s).ceil() - (low / s).floor() <= MOST as f64);
    let step = step.unwrap_or(10.0 * power);
    let (first, last) = ((low / step).floor() as i64, (high / step).ceil() as i64);
    (first..=last.max(first + 1)).map(|i| i as f64 * step).collect()
}

fn logarithmic(low: f64, high: f64) -> Vec<f64> {
    let top = high.log10().floor() as i32 + 1;
    let bottom = (low.log10().floor() as i32).max(top - DECADES);
    let mut limits: Vec<f64> = (bottom..=top)
        .flat_map(|power| [1.0, 2.0, 5.0].map(|m| format!("{m}e{power}").parse::<f64>().unwrap_or(f64::NAN)))
        .collect();
    let last = limits.iter().position(|l| *l >= high).unwrap_or(limits.len() - 1);
    limits.truncate(last.max(1) + 1);
    let first = limits.iter().rposition(|l| *l <= low).unwrap_or(0);
    limits.drain(..first.min(limits.len() - 2));
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_round_and_hold_the_values() {
        let classes = Classes::of([251.3, 266.0, 279.9].into_iter(), Scale::Linear).unwrap();
        assert_eq!((classes.limits[0], classes.limits[classes.count()]), (250.0, 280.0));
        assert!(classes.count() <= MOST && classes.labels()[0] == "250.0");
        assert_eq!(classes.class(251.3), Some(0));
        assert_eq!(classes.class(1000.0), Some(classes.count() - 1));
        assert_eq!(classes.class(f32::NAN), None);
        let wind = Classes::of([-3.0, 11.0].into_iter(), Scale::Diverging).unwrap();
        assert_eq!(wind.limits[0], -wind.limits[wind.count()]);
    }

    #[test]
    fn logarithmic_limits_are_1_2_5_and_zero_has_no_class() {
        let classes = Classes::of([0.0, 0.03, 7.0, 40.0].into_iter(), Scale::Logarithmic).unwrap();
        assert_eq!(classes.limits, [0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0]);
        assert_eq!((classes.class(0.0), classes.class(0.03), classes.class(40.0)), (None, Some(0), Some(9)));
    }

    #[test]
    fn one_value_everywhere_and_none_at_all() {
        assert_eq!(Classes::of([5.0, 5.0].into_iter(), Scale::Linear).unwrap().count(), 1);
        assert_eq!(Classes::of([0.0].into_iter(), Scale::Linear).unwrap().class(0.0), Some(0));
        for value in [2.0, 1.0, 0.01, 100.0] {
            let classes = Classes::of([0.0, value].into_iter(), Scale::Logarithmic).unwrap();
            assert_eq!((classes.count(), classes.class(value)), (1, Some(0)), "{:?}", classes.limits);
        }
        assert!(Classes::of([f32::NAN].into_iter(), Scale::Linear).is_none());
        assert!(Classes::of([-1.0].into_iter(), Scale::Logarithmic).is_none());
    }
}
