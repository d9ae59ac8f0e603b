//! How the targets of an area stand, as sentences, Chinese and English.

use super::{Progress, TargetState};
use chrono::NaiveDate;

impl TargetState {
    /// Chinese word.
    pub fn name_zh(self) -> &'static str {
        match self {
            Self::OnTrack => "达标进度正常",
            Self::Unknown => "无法判断",
            Self::AtRisk => "有风险",
            Self::Missed => "已无法完成",
        }
    }

    /// English word.
    pub fn name_en(self) -> &'static str {
        match self {
            Self::OnTrack => "on track",
            Self::Unknown => "unknown",
            Self::AtRisk => "at risk",
            Self::Missed => "missed",
        }
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |v| format!("{v:.1}"))
}

impl Progress {
    pub(super) fn sentence_zh(&self, name: &str, to: NaiveDate, state: TargetState) -> String {
        if self.valid_days == 0 && self.pm25.valid_days == 0 {
            return format!("{name}：截至{to}没有有效数据，{}。", state.name_zh());
        }
        let (heavy, good, pm25) = (&self.heavy_days, &self.good_days, &self.pm25);
        let heavy = match (heavy.at_most, heavy.left) {
            (Some(most), Some(left)) => format!("重污染{}天（限{most}天，剩{left}天）", heavy.used),
            _ => format!("重污染{}天", heavy.used),
        };
        let left = good.bad_days_left.map_or("目标已无法完成".to_owned(), |n| format!("全年还可有{n}个超标日"));
        let rest = pm25.rest_may_have_ug_m3.map_or(String::new(), |v| format!("，其余日均值不超过{v:.1}"));
        let undecided = match self.undecided_days {
            0 => String::new(),
            n => format!("，另有{n}天缺项而无AQI"),
        };
        let ahead = match self.forecast_days {
            0 => String::new(),
            n => format!(
                "预报{n}天：重污染{}天，超标{}天，PM2.5平均将为{}。",
                self.heavy_days.forecast,
                good.forecast_bad,
                number(pm25.projected_ug_m3)
            ),
        };
        format!(
            "{name}：{}。截至{to}有效{}/{}天{undecided}；{heavy}；优良率{}%（目标{}%以上，{left}）；PM2.5平均{} µg/m³（目标{}以下{rest}）。{ahead}",
            state.name_zh(),
            self.valid_days,
            self.elapsed_days,
            number(good.percent),
            good.at_least_percent,
            number(pm25.mean_ug_m3),
            pm25.at_most_ug_m3,
        )
    }

    pub(super) fn sentence_en(&self, name: &str, to: NaiveDate, state: TargetState) -> String {
        if self.valid_days == 0 && self.pm25.valid_days == 0 {
            return format!("{name}: {}: no valid data up to {to}.", state.name_en());
        }
        let (heavy, good, pm25) = (&self.heavy_days, &self.good_days, &self.pm25);
        let heavy = match (heavy.at_most, heavy.left) {
            (Some(most), Some(left)) => format!("{} heavy days (at most {most}, {left} left)", heavy.used),
            _ => format!("{} heavy days", heavy.used),
        };
        let left =
            good.bad_days_left.map_or("no longer possible".to_owned(), |n| format!("{n} more days above 100 allowed"));
        let rest = pm25.rest_may_have_ug_m3.map_or(String::new(), |v| format!(", the rest of the year at most {v:.1}"));
        let undecided = match self.undecided_days {
            0 => String::new(),
            n => format!(", {n} more without an AQI"),
        };
        let ahead = match self.forecast_days {
            0 => String::new(),
            n => format!(
                " In {n} forecast days {} heavy, {} above 100, PM2.5 then {}.",
                self.heavy_days.forecast,
                good.forecast_bad,
                number(pm25.projected_ug_m3)
            ),
        };
        format!(
            "{name}: {}. Up to {to} {} of {} days valid{undecided}; {heavy}; good days {} % (at least {} %, {left}); PM2.5 {} ug m-3 (at most {}{rest}).{ahead}",
            state.name_en(),
            self.valid_days,
            self.elapsed_days,
            number(good.percent),
            good.at_least_percent,
            number(pm25.mean_ug_m3),
            pm25.at_most_ug_m3,
        )
    }
}
