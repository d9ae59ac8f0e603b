//! List, full rerun, judgement: again with a higher demand where the rerun misses the goal, and the best list stands.

use super::ranking::WindowInfluence;
use crate::error::Result;

/// What a rerun is worth.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Whether the level is gone everywhere.
    pub averted: bool,
    /// What is left, the less the better, where it is not gone: compared place by place.
    pub left: Vec<f64>,
    /// Cost of the list over its period [yuan].
    pub cost: f64,
    /// Factor by which each window's fall would have to grow; `None` where no growth is known to be enough.
    pub growth: Vec<Option<f64>>,
    /// Fall of each window's mean that the influence foretold of the list [ug m-3]: the level's fractions may take more than the window asks for.
    pub foretold_ug_m3: Vec<f64>,
}

/// One list with its rerun.
#[derive(Debug)]
pub struct Round<L, R> {
    pub list: L,
    pub rerun: R,
    pub judged: Judged,
    /// The falls that were demanded of the windows [ug m-3].
    pub demanded_ug_m3: Vec<f64>,
}

/// How lists are made, run and judged.
pub trait Rounds {
    type List;
    type Rerun;
    /// Whether two lists order the same.
    fn same(&self, a: &Self::List, b: &Self::List) -> bool;
    /// The list for these demands.
    ///
    /// # Errors
    /// Of the optimiser.
    fn list(&mut self, demands: &[WindowInfluence]) -> Result<Self::List>;
    /// The full rerun with a list, 1 the first.
    ///
    /// # Errors
    /// Of the run.
    fn rerun(&mut self, round: usize, list: &Self::List) -> Result<Self::Rerun>;
    fn judge(&self, list: &Self::List, rerun: &Self::Rerun) -> Judged;
}

/// The rounds that were run, and the index of the best.
pub type Tried<C> = (Vec<Round<<C as Rounds>::List, <C as Rounds>::Rerun>>, usize);

/// Runs at most `most` rounds: each raises the demand on a window by the factor that its fall would have to grow, and by `overshoot` more, up to what
/// every lawful measure does to it (`attainable`, in the order of the influences). Ends early when the
/// level is gone, when no growth would do, or when the list stays the same. Returns the rounds and the index of the best: averted before not, then what is
/// left, then cost.
///
/// # Errors
/// Of [`Rounds`].
pub fn certify<C: Rounds>(
    rounds: &mut C,
    (influences, attainable): (&[WindowInfluence], &[f64]),
    most: usize,
    overshoot: f64,
) -> Result<Tried<C>> {
    let mut demands = influences.to_vec();
    let mut done: Vec<Round<C::List, C::Rerun>> = Vec::new();
    for round in 1..=most.max(1) {
        let list = rounds.list(&demands)?;
        if done.iter().any(|d| rounds.same(&d.list, &list)) {
            break;
        }
        let rerun = rounds.rerun(round, &list)?;
        let judged = rounds.judge(&list, &rerun);
        let demanded_ug_m3 = demands.iter().map(|d| d.window.fall_needed_ug_m3).collect();
        let (growth, foretold) = (judged.growth.clone(), judged.foretold_ug_m3.clone());
        let over = judged.averted;
        done.push(Round { list, rerun, judged, demanded_ug_m3 });
        let grows = growth.iter().flatten().any(|g| *g > 1.0);
        if over || !grows || growth.iter().any(Option::is_none) {
            break;
        }
        let raised = demands.iter_mut().zip(growth.into_iter().flatten()).zip(foretold).zip(attainable);
        for (((demand, growth), foretold), attainable) in raised {
            if growth > 1.0 {
                let taken = demand.window.fall_needed_ug_m3.max(foretold);
                let asked = taken * growth * (1.0 + overshoot);
                demand.window.fall_needed_ug_m3 = asked.min(attainable.max(taken));
            }
        }
    }
    let best = (0..done.len()).min_by(|a, b| {
        let (a, b) = (&done[*a].judged, &done[*b].judged);
        let left = a.left.iter().zip(&b.left).map(|(a, b)| a.total_cmp(b)).find(|o| o.is_ne());
        let left = left.filter(|_| !(a.averted && b.averted)).unwrap_or(std::cmp::Ordering::Equal);
        b.averted.cmp(&a.averted).then(left).then(a.cost.total_cmp(&b.cost))
    });
    Ok((done, best.unwrap_or(0)))
}
