//! The adjoint: every linear kernel and a run of whole hours are transposed exactly, and the influence foretells what the full model does when
//! sources are cut.

mod double;
mod scene;
mod single;

use super::ground::Ground;
use super::{Figure, Line, Material, Outcome, Parameter, Proof};
use crate::domain::met_field::MetField;
use crate::domain::pollutant::Pollutant;
use crate::domain::source::{Amounts, Sector, Source, Strength};
use crate::domain::species::{PRIMARY_PM25, Species};
use crate::error::Result;
use crate::input::isolation::Isolation;
use crate::input::meteorology;
use crate::simulation::equilibrium_answers::Answers;
use crate::simulation::influence::{Target, influence, linear_response};
use crate::simulation::run::World;
use crate::simulation::source_influence::influence_of_sources;
use crate::simulation::synthetic::Weather;
use chrono::{TimeZone, Utc};
use scene::Scene;
use serde::Serialize;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Instant;

/// The proof as it is listed.
pub const PROOF: Proof = Proof {
    name: "adjoint",
    zh: "伴随：线性核与多小时运行的点积恒等式；某一行业减排20%的预测与完整正算相差不超过2%（一次PM）",
    en: "adjoint: dot-product identity of kernels and of whole hours; the foretold effect of cutting a sector by 20 % is within 2 % of the full rerun (primary PM)",
    takes: &[
        (Parameter::Input, "meteorology of two times or more instead of made weather"),
        (Parameter::Overrides, "folder whose models/ replace built-in files"),
    ],
    run,
};

/// Hours of a run at most, and of its target, the last ones.
const HOURS: u32 = 9;
const TARGET_HOURS: u32 = 3;
/// Hours of made weather.
const MADE_HOURS: u32 = 6;
/// Cells eastward and northward in made weather.
const CELLS: (usize, usize) = (36, 32);
/// The sector that is cut, and what is left of it.
const CUT: Sector = Sector::Residential;
const LEFT: f64 = 0.8;
/// Step of the central difference.
const STEP: f64 = 0.2;

fn run(material: &Material) -> Result<Outcome> {
    if material.input.is_empty() {
        return in_made_weather(material.overrides);
    }
    let isolation = Isolation::of_this_program();
    let fields = meteorology::read(material.input, None, isolation.as_ref())?;
    in_weather(&fields, material.overrides)
}

/// The proof in the winter weather of [`Weather`] over a corner of `yanbian-3km`.
///
/// # Errors
/// Of the model's files; `Unstable` from the numeric guard.
pub fn in_made_weather(overrides: Option<&Path>) -> Result<Outcome> {
    let start = Utc.with_ymd_and_hms(2026, 1, 15, 2, 0, 0).single().expect("an existing instant");
    let ground = Ground::corner_of_yanbian(overrides, start, CELLS)?;
    let fields = Weather::WINTER.fields(&ground.grid, start, MADE_HOURS as usize);
    over(&Scene::new(ground, &fields, MADE_HOURS, overrides)?)
}

/// The proof in the weather of `fields`, sorted by time, on their own cells.
///
/// # Errors
/// Of the model's files and the meteorology; `Unstable` from the numeric guard.
pub fn in_weather(fields: &[MetField], overrides: Option<&Path>) -> Result<Outcome> {
    let ground = Ground::of_meteorology(overrides, fields)?;
    let span = fields[fields.len() - 1].valid_time - fields[0].valid_time;
    over(&Scene::new(ground, fields, HOURS.min(span.num_hours().max(1) as u32), overrides)?)
}

fn over(scene: &Scene) -> Result<Outcome> {
    let mut figures = Vec::new();
    let larger = |a: f64, b: f64| if b > a || b.is_nan() { b } else { a };
    let largest = |mismatches: &[(&str, f64)]| mismatches.iter().map(|m| m.1).fold(0.0, larger);
    let (single, double) = (single::kernels::mismatches(), double::kernels::mismatches());
    figures.push(Figure::at_most("kernels, single precision", largest(&single), "", 1e-6));
    figures.push(Figure::at_most("kernels, double precision", largest(&double), "", 1e-12));

    let hours = scene.hours - TARGET_HOURS.min(scene.hours)..scene.hours;
    let primary =
        Target { species: PRIMARY_PM25.map(|s| (s, 1.0)).to_vec(), weights: scene.weights(), hours: hours.clone() };
    let of = |p: Pollutant| Target::of(p, scene.weights(), hours.clone()).expect("a pollutant of the model");
    let (pm25, pm10) = (of(Pollutant::Pm25), of(Pollutant::Pm10));
    let begin = Instant::now();
    let (base, answers) = scene.forward(&scene.sources, &[&primary, &pm25])?;
    let forward_s = begin.elapsed().as_secs_f64();

    let world = scene.world();
    let identity = whole_run_mismatch(&world, &pm10, &answers)?;
    figures.push(Figure::at_most("whole run, single precision", identity, "", 1e-6));

    let cut = |factor: f64, which: &dyn Fn(&Source) -> bool| -> Vec<Source> {
        scene.sources.iter().map(|s| if which(s) { scaled(s, factor) } else { s.clone() }).collect()
    };
    let sector = |s: &Source| s.sector == CUT;
    let (after, _) = scene.forward(&cut(LEFT, &sector), &[&primary, &pm25])?;
    let foretold = |target: &Target| -> Result<f64> {
        let all = influence_of_sources(&world, &scene.sources, target, Some(&answers), 0)?.sources;
        let of_sector = scene.sources.iter().zip(&all).filter(|(s, _)| sector(s));
        Ok((LEFT - 1.0) * of_sector.map(|(_, i)| i.contribution_ug_m3).sum::<f64>())
    };
    let effects = [(foretold(&primary)?, after[0] - base[0]), (foretold(&pm25)?, after[1] - base[1])];
    let relative = |(foretold, found): (f64, f64)| (foretold / found - 1.0).abs();
    figures.push(Figure::at_most("sector cut by 20 %, primary PM", relative(effects[0]), "", 0.02));

    // the town that matters most, by central difference of two runs of the full model
    let all = influence_of_sources(&world, &scene.sources, &primary, None, 0)?.sources;
    let towns = all.iter().filter(|i| i.id.starts_with(scene::TOWN));
    let most = towns.max_by(|a, b| a.contribution_ug_m3.total_cmp(&b.contribution_ug_m3)).expect("there are towns");
    let of_town = most.contribution_ug_m3;
    let town = |s: &Source| s.id == most.id;
    let (more, _) = scene.forward(&cut(1.0 + STEP, &town), &[&primary])?;
    let (less, _) = scene.forward(&cut(1.0 - STEP, &town), &[&primary])?;
    let difference = (more[0] - less[0]) / (2.0 * STEP);
    figures.push(Figure::at_most("one town, central difference", relative((of_town, difference)), "", 0.05));

    let cost = cost(scene, (&primary, &pm25), forward_s, &answers)?;
    let lines = lines(scene, &base, &effects, (of_town, difference), &cost);
    let details = json!({
        "kernels_single": as_json(&single),
        "kernels_double": as_json(&double),
        "hours": scene.hours,
        "base_ug_m3": { "primary": base[0], "pm25": base[1] },
        "sector_cut_ug_m3": effects.map(|(foretold, found)| json!({ "foretold": foretold, "full_rerun": found })),
        "town_ug_m3": { "influence": of_town, "central_difference": difference },
        "cost": cost,
    });
    Ok(Outcome::new(PROOF.name, figures, details, lines))
}

/// Relative difference of `<A e, w>` and `<e, A' w>`: emissions of every species from every cell, layer and hour, drawn at random.
fn whole_run_mismatch(world: &World, target: &Target, answers: &Answers) -> Result<f64> {
    let forward = linear_response(world, target, Some(answers), &mut |hour, emitted| {
        let mut draw = Draw(hour);
        emitted.iter_mut().for_each(|e| *e = draw.next());
    })?;
    let mut backward = 0.0;
    influence(world, target, Some(answers), &mut |hour, field| {
        let mut draw = Draw(hour);
        field.iter().for_each(|f| backward += f64::from(*f) * f64::from(draw.next()));
    })?;
    Ok((forward - backward).abs() / forward.abs().max(backward.abs()))
}

/// Numbers between 0 and 1 that an hour fixes: multiples of the golden section (Weyl 1916).
struct Draw(u32);

impl Draw {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(2_654_435_769);
        self.0 as f32 / 4_294_967_296.0
    }
}

fn scaled(source: &Source, factor: f64) -> Source {
    let times = |a: &Amounts| a.zip(Amounts::all(factor), |a, f| a * f);
    let strength = match &source.strength {
        Strength::Annual(a) => Strength::Annual(times(a)),
        Strength::Rate { kg_s, from, to } => Strength::Rate { kg_s: times(kg_s), from: *from, to: *to },
        // the scene has no other kinds
        other => other.clone(),
    };
    Source { strength, ..source.clone() }
}

/// What a backward run costs.
#[derive(Debug, Clone, Serialize)]
struct Cost {
    target: &'static str,
    /// Fields that it carries.
    fields: usize,
    backward_s: f64,
    /// Over the linear model's forward run of the species that reach the target.
    over_forward_of_these: f64,
    /// Over the full model's forward run of all species.
    over_forward_of_all: f64,
}

fn cost(scene: &Scene, targets: (&Target, &Target), forward_s: f64, answers: &Answers) -> Result<Vec<Cost>> {
    let black_carbon = Target { species: vec![(Species::BlackCarbon, 1.0)], ..targets.0.clone() };
    let cases = [
        ("black carbon", &black_carbon, None),
        ("PM2.5", targets.1, None),
        ("PM2.5 with equilibrium", targets.1, Some(answers)),
    ];
    let mut out = Vec::new();
    for (name, target, answers) in cases {
        let begin = Instant::now();
        influence(&scene.world(), target, answers, &mut |_, _| ())?;
        let backward_s = begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        linear_response(&scene.world(), target, answers, &mut |_, _| ())?;
        out.push(Cost {
            target: name,
            fields: target.fields(answers.is_some()),
            backward_s,
            over_forward_of_these: backward_s / begin.elapsed().as_secs_f64(),
            over_forward_of_all: backward_s / forward_s,
        });
    }
    Ok(out)
}

fn as_json(mismatches: &[(&str, f64)]) -> Value {
    mismatches.iter().map(|(name, value)| (name.to_string(), json!(value))).collect::<serde_json::Map<_, _>>().into()
}

fn lines(scene: &Scene, base: &[f64], effects: &[(f64, f64); 2], town: (f64, f64), cost: &[Cost]) -> Vec<Line> {
    let (_, ny, nx) = scene.world().grid.shape();
    let [primary, pm25] = effects;
    let remainder = pm25.1 - pm25.0;
    let mut lines = vec![
        Line::new(
            format!(
                "{nx} x {ny} 个网格，{} 小时；县域平均：一次细颗粒物 {:.3}，PM2.5 {:.3} ug/m3",
                scene.hours, base[0], base[1]
            ),
            format!(
                "{nx} x {ny} cells, {} h; mean of the county: primary PM {:.3}, PM2.5 {:.3} ug/m3",
                scene.hours, base[0], base[1]
            ),
        ),
        Line::new(
            format!(
                "居民源减排20%：一次细颗粒物预测 {:+.4}，重算 {:+.4}；PM2.5预测 {:+.4}，重算 {:+.4}，非线性余项 {remainder:+.4} ug/m3",
                primary.0, primary.1, pm25.0, pm25.1
            ),
            format!(
                "households cut by 20 %: primary PM foretold {:+.4}, rerun {:+.4}; PM2.5 foretold {:+.4}, rerun {:+.4}, non-linear remainder {remainder:+.4} ug/m3",
                primary.0, primary.1, pm25.0, pm25.1
            ),
        ),
        Line::new(
            format!("一个镇：影响 {:.5}，中心差分 {:.5} ug/m3", town.0, town.1),
            format!("one town: influence {:.5}, central difference {:.5} ug/m3", town.0, town.1),
        ),
    ];
    for c in cost {
        let (target, fields, seconds) = (c.target, c.fields, c.backward_s);
        let (these, all) = (c.over_forward_of_these, c.over_forward_of_all);
        lines.push(Line::new(
            format!("{target}：伴随携带 {fields} 个场，{seconds:.2} s，为同样物种线性正算的 {these:.2} 倍、全模式正算的 {all:.2} 倍"),
            format!(
                "{target}: the backward run carries {fields} fields, {seconds:.2} s, {these:.2} of the linear forward run of these species, {all:.2} of the full one"
            ),
        ));
    }
    lines
}
