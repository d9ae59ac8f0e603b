//! What the influence foretold of the exceeding windows beside what the full rerun found.

use super::predict::Fall;
use super::ranking::ExceedingWindow;
use super::strictest::StrictestRun;
use super::unaverted::Unaverted;
use super::{ReductionEffect, RoundAccount, WindowProof};

/// Falls below this are not compared in relation [ug m-3].
const SMALLEST_FALL: f64 = 0.01;

impl ReductionEffect {
    /// The same with the windows, the tries, the run with every lawful measure and the reasons why a level stays; the statements tell them.
    pub fn with_windows(
        mut self,
        windows: Vec<WindowProof>,
        rounds: Vec<RoundAccount>,
        strictest: Option<StrictestRun>,
        unaverted: Vec<Unaverted>,
    ) -> Self {
        let compared: Vec<f64> = windows.iter().filter_map(|w| w.deviation_pm25).map(f64::abs).collect();
        if let Some(worst) = compared.iter().copied().reduce(f64::max) {
            let percent = 100.0 * worst;
            self.statement_zh += &format!(
                "伴随影响（先按全部措施的完整重算折算）预测的PM2.5降幅与清单的完整重算相比，{}个时段中最大相差{percent:.1}%。",
                compared.len()
            );
            self.statement_en += &format!(
                " The fall of PM2.5 that the influence, held before to a full run with every lawful measure, foretold differs from the full rerun by at most \
                 {percent:.1} % in {} windows.",
                compared.len()
            );
        }
        if rounds.len() > 1 {
            self.statement_zh += &format!("共重算{}次，采用其中最好的一次。", rounds.len());
            self.statement_en += &format!(" {} lists were rerun; the best stands.", rounds.len());
        }
        if let Some(run) = strictest.as_ref().filter(|_| !unaverted.is_empty()) {
            let (n, zh, en) = (run.measures, run.level_after.zh(), run.level_after.en());
            self.statement_zh += &format!("把依法可采取的{n}项措施全部用上再完整重算一次，等级为{zh}。");
            self.statement_en += &format!(" A further full run with all {n} lawful measures gives {en}.");
        }
        for reason in &unaverted {
            self.statement_zh += &reason.text_zh;
            self.statement_en += &format!(" {}", reason.text_en);
        }
        Self { windows, rounds, strictest, unaverted, ..self }
    }
}

/// A window's falls side by side: `means` are the model's PM2.5 and primary PM2.5 without the list, then with it [ug m-3].
pub fn window_proof(window: &ExceedingWindow, foretold: Fall, means: [(f64, f64); 2]) -> WindowProof {
    let [before, after] = means;
    let rerun = Fall { pm25_ug_m3: before.0 - after.0, primary_ug_m3: before.1 - after.1 };
    let deviation = |foretold: f64, found: f64| (found > SMALLEST_FALL).then(|| foretold / found - 1.0);
    WindowProof {
        deviation_pm25: deviation(foretold.pm25_ug_m3, rerun.pm25_ug_m3),
        deviation_primary: deviation(foretold.primary_ug_m3, rerun.primary_ug_m3),
        met: !window.beyond_reach && rerun.pm25_ug_m3 >= window.fall_needed_ug_m3,
        window: window.clone(),
        foretold,
        rerun,
    }
}
