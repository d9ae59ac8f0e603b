//! Why a level cannot be averted: what the PM2.5 of the windows consists of, in shares and in plain words.

use super::needed_fall::CountyDemand;
use super::ranking::RankedWindow;
use crate::calendar::beijing_local;
use serde::{Deserialize, Serialize};

/// What stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// Air from outside the region: other sources on the grid, what flows in, the background.
    Transport,
    /// Open fires.
    Fires,
    /// Local sources, but before any order could act.
    BeforeOrder,
    /// What the model does not explain: dust, or errors.
    Unexplained,
    /// Local sources that could be cut in time; the lawful measures do not reach far enough.
    LawfulMeasures,
    /// The lists tried: every lawful measure together averts the level.
    ListsTried,
}

impl Obstacle {
    /// In words.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Transport => "区域外来源、输入与背景",
            Self::Fires => "露天焚烧火点",
            Self::BeforeOrder => "措施生效之前已排放的本地污染物",
            Self::Unexplained => "模式未能解释的部分（沙尘等天然来源或误差）",
            Self::LawfulMeasures => "依法可采取的措施力度不足",
            Self::ListsTried => "所试清单没有用足措施（依法可采取的全部措施一起可以避免该等级）",
        }
    }

    /// In words.
    pub fn en(self) -> &'static str {
        match self {
            Self::Transport => "sources outside the region, inflow and background",
            Self::Fires => "open fires",
            Self::BeforeOrder => "what local sources emitted before any order could act",
            Self::Unexplained => "what the model does not explain (dust and other natural sources, or errors)",
            Self::LawfulMeasures => "the lawful measures do not reach far enough",
            Self::ListsTried => "the lists tried stop short of it (all lawful measures together avert the level)",
        }
    }
}

/// Shares of a window's forecast mean, 0 ..= 1; they sum to one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SharesOfMean {
    /// Local sources after the order: all that an order could take away.
    pub local_after_order: f64,
    pub local_before_order: f64,
    pub fires: f64,
    pub transport: f64,
    pub unexplained: f64,
}

/// Why one window stays above its limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Unaverted {
    pub adcode: u32,
    pub from: chrono::DateTime<chrono::Utc>,
    pub to: chrono::DateTime<chrono::Utc>,
    pub shares: SharesOfMean,
    pub obstacle: Obstacle,
    /// Whether even all local sources stopped from the order on would leave the level.
    pub beyond_local_reach: bool,
    pub text_zh: String,
    pub text_en: String,
}

/// The shares of a window.
pub fn shares(window: &RankedWindow) -> SharesOfMean {
    let c = &window.closure;
    // a remainder below nothing is non-linearity: it is taken from what is local
    let transport = (c.outside_ug_m3 + c.remainder_ug_m3).max(0.0);
    let unexplained = c.unexplained_ug_m3.max(0.0);
    let reach = c.reach_ug_m3.clamp(0.0, c.local_ug_m3.max(0.0));
    let parts = [reach, (c.local_ug_m3 - reach).max(0.0), c.fires_ug_m3.max(0.0), transport, unexplained];
    let sum: f64 = parts.iter().sum();
    let [local_after_order, local_before_order, fires, transport, unexplained] =
        parts.map(|p| if sum > 0.0 { p / sum } else { 0.0 });
    SharesOfMean { local_after_order, local_before_order, fires, transport, unexplained }
}

/// What is known of the windows that remain.
#[derive(Debug, Clone, Copy)]
pub struct Remaining<'r> {
    pub demands: &'r [CountyDemand],
    /// Whether the full run with every lawful measure averts the level.
    pub averted_by_all: bool,
    /// Share of the mean from which on what comes from elsewhere is the reason.
    pub share: f64,
}

/// Why the windows of counties whose level stays were not averted; `stays` names those counties by code. Where their local sources could have averted the level, the
/// lawful measures are the reason, unless the share of the mean that comes from elsewhere is large; where every lawful measure together averts it, the lists tried are.
pub fn unaverted(
    windows: &[RankedWindow],
    remaining: &Remaining,
    stays: &dyn Fn(u32) -> bool,
    name: &dyn Fn(u32) -> (String, String),
) -> Vec<Unaverted> {
    let one = |w: &RankedWindow| {
        let shares = shares(w);
        let adcode = w.window.adcode;
        let Remaining { demands, averted_by_all, share } = *remaining;
        let beyond = !averted_by_all && demands.iter().any(|d| d.adcode == adcode && d.share.is_none());
        let elsewhere = [
            (Obstacle::Transport, shares.transport),
            (Obstacle::Fires, shares.fires),
            (Obstacle::Unexplained, shares.unexplained),
            (Obstacle::BeforeOrder, shares.local_before_order),
        ];
        let largest = elsewhere.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).filter(|l| beyond || l.1 >= share);
        let obstacle = match largest {
            _ if averted_by_all => Obstacle::ListsTried,
            Some((elsewhere, _)) => elsewhere,
            None => Obstacle::LawfulMeasures,
        };
        let (zh, en) = name(adcode);
        let (text_zh, text_en) = sentences(w, &shares, obstacle, beyond, (&zh, &en));
        let (from, to) = (w.window.from, w.window.to);
        Unaverted { adcode, from, to, shares, obstacle, beyond_local_reach: beyond, text_zh, text_en }
    };
    windows.iter().filter(|w| stays(w.window.adcode)).map(one).collect()
}

fn sentences(
    w: &RankedWindow,
    shares: &SharesOfMean,
    obstacle: Obstacle,
    beyond: bool,
    (zh, en): (&str, &str),
) -> (String, String) {
    let percent = |share: f64| format!("{:.0}%", 100.0 * share);
    let end = beijing_local(w.window.to).format("%Y-%m-%d %H:%M");
    let parts =
        [shares.local_after_order, shares.local_before_order, shares.fires, shares.transport, shares.unexplained]
            .map(percent);
    let [after, before, fires, transport, unexplained] = parts;
    let (mut text_zh, mut text_en) = (
        format!(
            "{zh}（截至北京时间{end}的24小时，预报均值{:.1}微克/立方米）：本地源在措施可生效之后的排放占{after}，生效之前的排放占{before}，\
             露天焚烧火点占{fires}，区域外来源、输入与背景占{transport}，模式未解释的部分占{unexplained}。",
            w.window.forecast_ug_m3
        ),
        format!(
            "{en} (24 h to {end} Beijing time, forecast mean {:.1} ug/m3): local emissions after measures can act {after}, before that {before}, \
             open fires {fires}, sources outside the region, inflow and background {transport}, not explained by the model {unexplained}.",
            w.window.forecast_ug_m3
        ),
    );
    if beyond {
        text_zh += "即使本地源全部停排也不能避免该等级；";
        text_en += " Even with all local sources stopped the level would stay;";
    } else {
        text_zh += "清单未能避免该等级；";
        text_en += " The list does not avert the level;";
    }
    text_zh += &format!("主要原因：{}。", obstacle.zh());
    text_en += &format!(" main reason: {}.", obstacle.en());
    if beyond {
        text_zh += "建议以发布健康防护提示为主，不再加码停限产。";
        text_en += " Health advice is what is left to do; stricter stops of production would not help.";
    }
    (text_zh, text_en)
}
