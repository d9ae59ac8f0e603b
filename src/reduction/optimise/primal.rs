//! Lists near the prices of the dual: start from the best option of every group at these prices, cover what is missing where it
//! costs least, drop what is not needed, exchange pairs.

use super::super::cover::{Cover, covered};
use super::dual::dot;

/// One option per group, with its sums.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct List {
    pub pick: Vec<usize>,
    pub cost: f64,
    pub reached: Vec<f64>,
}

/// Options that a search looks at, at most, unless the problem has no more.
const NEAR: usize = 20_000;
/// Exchanges of two, at most.
const EXCHANGES: usize = 100;
/// Options of each side of an exchange of two.
const PAIRED: usize = 600;

/// The options that are worth trying at given prices.
pub(super) struct Search<'a> {
    cover: &'a Cover,
    price: &'a [f64],
    /// Cost of taking an option instead of the best of its group, at the prices; >= 0.
    pub reduced: Vec<f64>,
    best: Vec<usize>,
    /// Group and option, the nearest first.
    near: Vec<(usize, usize)>,
}

impl<'a> Search<'a> {
    pub fn new(cover: &'a Cover, price: &'a [f64]) -> Self {
        let mut lanes = price.to_vec();
        lanes.resize(cover.stride(), 0.0);
        let mut reduced: Vec<f64> = (0..cover.options()).map(|o| cover.cost(o) - dot(&lanes, cover.lanes(o))).collect();
        let mut best = Vec::with_capacity(cover.groups());
        let mut near = Vec::with_capacity(cover.options());
        for g in 0..cover.groups() {
            let options = cover.of_group(g);
            let first = options.clone().min_by(|a, b| reduced[*a].total_cmp(&reduced[*b])).unwrap_or(options.start);
            let least = reduced[first];
            for o in options {
                reduced[o] -= least;
                near.push((g, o));
            }
            best.push(first);
        }
        near.sort_by(|a, b| reduced[a.1].total_cmp(&reduced[b.1]).then(a.cmp(b)));
        near.truncate(NEAR.max(2 * cover.groups()));
        Self { cover, price, reduced, best, near }
    }

    /// A list from the prices as they are; `None` where what is missing cannot be covered from there.
    pub fn list_at_prices(&self) -> Option<List> {
        self.improved_from(0.0)
    }

    /// The cheapest list from several starts, with pairs exchanged until it costs no more than `enough`; `None` where none covers all rows.
    pub fn thorough_list(&self, enough: f64) -> Option<List> {
        let mut best: Option<List> = None;
        for raise in [0.0, 0.002, 0.01, 0.05, 0.2] {
            if best.as_ref().is_some_and(|b| b.cost <= enough) {
                break;
            }
            if let Some(list) = self.improved_from(raise)
                && best.as_ref().is_none_or(|b| list.cost < b.cost)
            {
                best = Some(list);
            }
        }
        let mut list = best?;
        self.exchange(&mut list, enough);
        Some(list)
    }

    fn improved_from(&self, raise: f64) -> Option<List> {
        let mut list = self.repaired(self.start(raise))?;
        self.drop_unneeded(&mut list);
        Some(list)
    }

    /// The best option of each group at prices raised by the share `raise`.
    fn start(&self, raise: f64) -> Vec<usize> {
        if raise == 0.0 {
            return self.best.clone();
        }
        let mut lanes: Vec<f64> = self.price.iter().map(|u| u * (1.0 + raise)).collect();
        lanes.resize(self.cover.stride(), 0.0);
        let net = |o: usize| self.cover.cost(o) - dot(&lanes, self.cover.lanes(o));
        (0..self.cover.groups())
            .map(|g| {
                let mut best = (f64::INFINITY, self.best[g]);
                for o in self.cover.of_group(g) {
                    let n = net(o);
                    if n < best.0 {
                        best = (n, o);
                    }
                }
                best.1
            })
            .collect()
    }

    fn list(&self, pick: Vec<usize>) -> List {
        List { cost: self.cover.cost_of(&pick), reached: self.cover.reached(&pick), pick }
    }

    /// Covers what is missing, each time by the option that costs least for what it adds.
    fn repaired(&self, pick: Vec<usize>) -> Option<List> {
        let mut list = self.list(pick);
        let weight = self.row_weights();
        for _ in 0..4 * self.cover.groups() + 10 {
            if self.cover.covers(&list.reached) {
                // sums carried along are not those of the list itself
                let exact = self.list(list.pick);
                return self.cover.covers(&exact.reached).then_some(exact);
            }
            let near = self.near.iter().copied();
            let step = self.best_step(&list, &weight, near).or_else(|| {
                let all = (0..self.cover.groups()).flat_map(|g| self.cover.of_group(g).map(move |o| (g, o)));
                self.best_step(&list, &weight, all)
            });
            let (g, o) = step?;
            self.take(&mut list, g, o);
        }
        None
    }

    /// Worth of a unit of each row: its price, or a little of what all would cost where the price is nothing.
    fn row_weights(&self) -> Vec<f64> {
        let worth: f64 = self.price.iter().zip(self.cover.demand()).map(|(u, d)| u * d.abs()).sum();
        let floor = |d: &f64| 0.01 * worth.max(1e-300) / (self.cover.rows() as f64 * d.abs().max(1e-12));
        self.price.iter().zip(self.cover.demand()).map(|(u, d)| u.max(floor(d))).collect()
    }

    fn best_step(
        &self,
        list: &List,
        weight: &[f64],
        options: impl Iterator<Item = (usize, usize)>,
    ) -> Option<(usize, usize)> {
        let mut best: Option<(f64, f64, (usize, usize))> = None;
        for (g, o) in options {
            let now = list.pick[g];
            if o == now {
                continue;
            }
            let gain = self.gain(list, weight, now, o);
            if gain <= 0.0 {
                continue;
            }
            let cost = self.cover.cost(o) - self.cover.cost(now);
            // what saves money and helps comes before all else
            let rate = if cost > 0.0 { cost / gain } else { cost };
            if best.is_none_or(|(r, most, _)| rate < r || (rate == r && gain > most)) {
                best = Some((rate, gain, (g, o)));
            }
        }
        best.map(|(_, _, step)| step)
    }

    /// Worth of the missing amounts that the change from `now` to `o` brings, less that of what it newly leaves missing.
    fn gain(&self, list: &List, weight: &[f64], now: usize, o: usize) -> f64 {
        let (was, will) = (self.cover.effect(now), self.cover.effect(o));
        let mut gain = 0.0;
        for (r, demand) in self.cover.demand().iter().enumerate() {
            let missing = (demand - list.reached[r]).max(0.0);
            let then = (demand - list.reached[r] - (will[r] - was[r])).max(0.0);
            gain += weight[r] * (missing - then);
        }
        gain
    }

    fn take(&self, list: &mut List, g: usize, o: usize) {
        let now = list.pick[g];
        let change = self.cover.effect(o).iter().zip(self.cover.effect(now));
        list.reached.iter_mut().zip(change).for_each(|(s, (will, was))| *s += will - was);
        list.cost += self.cover.cost(o) - self.cover.cost(now);
        list.pick[g] = o;
    }

    /// Whether the list still covers all rows after one change.
    fn allows(&self, list: &List, now: usize, o: usize) -> bool {
        let change = self.cover.effect(o).iter().zip(self.cover.effect(now));
        list.reached
            .iter()
            .zip(change)
            .zip(self.cover.demand())
            .all(|((s, (will, was)), d)| covered(s + will - was, *d))
    }

    /// Takes the cheaper option that saves most while all rows stay covered, until there is none.
    fn drop_unneeded(&self, list: &mut List) {
        loop {
            let mut best: Option<(f64, (usize, usize))> = None;
            for &(g, o) in &self.near {
                let now = list.pick[g];
                let saving = self.cover.cost(now) - self.cover.cost(o);
                if saving > best.map_or(0.0, |(s, _)| s) && self.allows(list, now, o) {
                    best = Some((saving, (g, o)));
                }
            }
            let Some((_, (g, o))) = best else { break };
            self.take(list, g, o);
        }
        *list = self.list(std::mem::take(&mut list.pick));
    }

    /// Exchanges two options at once where that saves: one cheaper, one that brings back what the first lost.
    fn exchange(&self, list: &mut List, enough: f64) {
        for _ in 0..EXCHANGES {
            if list.cost <= enough {
                break;
            }
            let mut best: Option<(f64, [(usize, usize); 2])> = None;
            let few = &self.near[..self.near.len().min(PAIRED + self.cover.groups().min(PAIRED))];
            for &(g, o) in few {
                let saving = self.cover.cost(list.pick[g]) - self.cover.cost(o);
                if saving <= best.map_or(0.0, |(s, _)| s) {
                    continue;
                }
                let mut without = list.clone();
                self.take(&mut without, g, o);
                for &(h, p) in few.iter().filter(|(h, _)| *h != g) {
                    let net = saving + self.cover.cost(list.pick[h]) - self.cover.cost(p);
                    if net > best.map_or(1e-12 * list.cost.abs(), |(s, _)| s) && self.allows(&without, list.pick[h], p)
                    {
                        best = Some((net, [(g, o), (h, p)]));
                    }
                }
            }
            let Some((_, pair)) = best else { break };
            pair.into_iter().for_each(|(g, o)| self.take(list, g, o));
            self.drop_unneeded(list);
        }
    }
}
