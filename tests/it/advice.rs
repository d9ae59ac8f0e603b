//! Advice: broken files are refused with their line; what is given follows from level, pollutants, warning, response and causes.

use hazecast::domain::event::EventKind;
use hazecast::domain::pollutant::Pollutant;
use hazecast::warning::advice::{AdviceRules, Situation};
use hazecast::warning::{Response, WarningLevel};
use std::path::Path;

const SEED: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/seeds/advice.toml"));

fn rules() -> AdviceRules {
    AdviceRules::from_toml(SEED, Path::new("seeds/advice.toml")).unwrap()
}

fn given(
    aqi_level: Option<u8>,
    primary: &[Pollutant],
    (warning_level, response): (WarningLevel, Response),
    causes: &[EventKind],
) -> Vec<String> {
    let situation = Situation { aqi_level, warning_level, response, primary, causes };
    rules().advice(&situation).into_iter().map(|a| a.id).collect()
}

const QUIET: (WarningLevel, Response) = (WarningLevel::None, Response::None);

/// Typed by hand: the ids that each situation gives, in the order of the file.
#[test]
fn each_situation_gives_its_advice() {
    use EventKind as E;
    use Pollutant::{Co, O3, Pm10, Pm25};
    assert_eq!(given(Some(1), &[], QUIET, &[]), ["public.1"]);
    assert_eq!(given(Some(2), &[Pm25], QUIET, &[]), ["public.2"]);
    assert_eq!(
        given(Some(3), &[Pm25], QUIET, &[]),
        ["public.3", "group.asthma.3", "group.heart.3", "group.children.3", "group.elderly.3", "group.outdoor.3"]
    );
    assert_eq!(given(Some(4), &[Co], QUIET, &[]), ["public.4", "group.heart.3", "group.elderly.3"]);
    assert_eq!(
        given(Some(5), &[O3], QUIET, &[]),
        ["public.5", "group.asthma.5", "group.children.5", "group.elderly.5", "group.outdoor.5"]
    );
    let red = (WarningLevel::Red, Response::EmissionReduction);
    assert_eq!(given(Some(6), &[], red, &[]), ["public.6", "health.red", "advisory.red", "school.red"]);
    // a warning that is kept while no AQI can be stated
    let kept = (WarningLevel::Yellow, Response::EmissionReduction);
    assert_eq!(given(None, &[], kept, &[]), ["health.yellow", "advisory.yellow", "school.yellow"]);
    let before = (WarningLevel::PreWarning, Response::Voluntary);
    assert_eq!(given(None, &[], before, &[]), ["health.pre_warning", "advisory.pre_warning", "school.pre_warning"]);
    // dust, ozone, smoke and what comes from outside: health advice with its cause, no call for cuts
    let health = (WarningLevel::Orange, Response::HealthAdviceOnly);
    let cause = |primary: &[Pollutant], events: &[E]| given(None, primary, health, events);
    assert_eq!(cause(&[Pm10], &[]), ["health.orange", "school.orange", "cause.dust"]);
    assert_eq!(cause(&[Pm25], &[E::Dust]), ["health.orange", "school.orange", "cause.dust"]);
    assert_eq!(cause(&[O3], &[]), ["health.orange", "school.orange", "cause.ozone"]);
    assert_eq!(
        cause(&[Pm25], &[E::Wildfire, E::OutsideTransport]),
        ["health.orange", "school.orange", "cause.wildfire", "cause.outside_transport"]
    );
    assert_eq!(cause(&[Pm25], &[E::Fireworks, E::StrawBurning, E::Other]), ["health.orange", "school.orange"]);
    // the same causes beside mandatory cuts change nothing
    let cuts = (WarningLevel::Orange, Response::EmissionReduction);
    assert_eq!(given(None, &[Pm10], cuts, &[E::Dust]), ["health.orange", "advisory.orange", "school.orange"]);
}

#[test]
fn every_shipped_entry_has_both_languages_and_is_marked_unverified() {
    for level in 1..=6 {
        for warning in WarningLevel::ALL {
            let situation = Situation {
                aqi_level: Some(level),
                warning_level: warning,
                response: Response::HealthAdviceOnly,
                primary: &Pollutant::ALL,
                causes: &EventKind::ALL,
            };
            for advice in rules().advice(&situation) {
                assert!(advice.text_zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{advice:?}");
                assert!(advice.text_en.is_ascii() && !advice.verified, "{advice:?}");
            }
        }
    }
}

/// Each case: what is replaced (its last occurrence), by what, where the fault stands, and the name it goes by.
#[test]
fn broken_advice_is_refused_with_its_line() {
    let at_of = |text: &str, marker: &str| text.rfind(marker).unwrap_or_else(|| panic!("{marker} is not in the file"));
    let cases = [
        ("id = \"public.6\"", "id = \"public.5\"", "id = \"public.5\"", "public.5: id"),
        ("id = \"cause.ozone\"", "id = \" \"", "id = \" \"", "id"),
        ("kind = \"cause\"", "kind = \"order\"", "kind = \"order\"", "TOML"),
        ("aqi_levels = [6]", "aqi_levels = [7]", "aqi_levels = [7]", "public.6: aqi_levels"),
        ("aqi_levels = [6]", "aqi_levels = []", "aqi_levels = []", "public.6: aqi_levels"),
        ("aqi_levels = [6]", "aqi_levels = [5]", "[[advice]]", "one entry of kind public for AQI level 5"),
        (
            "aqi_levels = [6]",
            "aqi_levels = [6]\ncauses = [\"dust\"]",
            "causes = [\"dust\"]\nsubject_zh = \"公众\"",
            "public.6: causes",
        ),
        (
            "pollutants = [\"PM2.5\", \"PM10\", \"O3\"]\n",
            "",
            "[[advice]]\nid = \"group.outdoor.5\"",
            "group.outdoor.5: pollutants",
        ),
        ("pollutants = [\"PM2.5\", \"PM10\", \"O3\"]", "pollutants = [\"NH3\"]", "pollutants = [\"NH3\"]", "NH3"),
        (
            "warning_levels = [\"red\"]",
            "warning_levels = [\"none\"]",
            "warning_levels = [\"none\"]",
            "school.red: warning_levels",
        ),
        ("warning_levels = [\"red\"]", "warning_levels = [\"purple\"]", "\"purple\"", "purple"),
        (
            "warning_levels = [\"red\"]",
            "warning_levels = [\"orange\"]",
            "[[advice]]",
            "an entry of kind school for red",
        ),
        ("causes = [\"wildfire\"]", "causes = [\"dust\"]", "[[advice]]", "an entry of kind cause for Wildfire"),
        ("subject_en = \"ozone\"", "subject_en = \"\"", "subject_en = \"\"", "cause.ozone: subject_en"),
        ("text_zh = \"关好门窗，使用", "text_zn = \"关好门窗，使用", "text_zn", "text_zn"),
        ("clause = ", "claus = ", "claus = ", "claus"),
        ("verified = false", "verified = \"no\"", "verified = \"no\"", "TOML"),
    ];
    for (from, to, at, named) in cases {
        let place = at_of(SEED, from);
        let text = format!("{}{to}{}", &SEED[..place], &SEED[place + from.len()..]);
        let error = AdviceRules::from_toml(&text, Path::new("advice.toml")).expect_err(to).to_string();
        assert!(
            error.starts_with("advice.toml: line ") && error.contains(named),
            "{from} -> {to}: {error} lacks {named}"
        );
        // a fault of the whole list stands at its beginning
        if at != "[[advice]]" {
            let line = 1 + text[..at_of(&text, at)].matches('\n').count();
            assert!(error.contains(&format!("line {line}: ")), "{from} -> {to}: {error} is not on line {line}");
        }
    }
}
