//! The words by which registers and lists name families, grades and protections.

use super::register::{Family, Grade, Protection};
use super::source::Sector;

impl Family {
    /// All families, in the order of their sheets.
    pub const ALL: [Self; 7] = [
        Self::Enterprise,
        Self::ConstructionSite,
        Self::VehicleClass,
        Self::NonRoadMachinery,
        Self::HeatingAndCoal,
        Self::StrawZone,
        Self::Other,
    ];

    /// Chinese name, which is that of its sheet.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Enterprise => "工业企业",
            Self::ConstructionSite => "施工工地",
            Self::VehicleClass => "机动车",
            Self::NonRoadMachinery => "非道路移动机械",
            Self::HeatingAndCoal => "供热锅炉与散煤",
            Self::StrawZone => "秸秆禁烧区",
            Self::Other => "其他",
        }
    }

    /// English name, which is that of JSON.
    pub fn en(self) -> &'static str {
        match self {
            Self::Enterprise => "enterprise",
            Self::ConstructionSite => "construction_site",
            Self::VehicleClass => "vehicle_class",
            Self::NonRoadMachinery => "non_road_machinery",
            Self::HeatingAndCoal => "heating_and_coal",
            Self::StrawZone => "straw_zone",
            Self::Other => "other",
        }
    }

    /// The family of a word in a file, Chinese or English.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.zh() == word || f.en().eq_ignore_ascii_case(word))
    }

    /// Whether its entries may be graded: the technical guide grades industries and boilers.
    pub fn takes_grade(self) -> bool {
        matches!(self, Self::Enterprise | Self::HeatingAndCoal)
    }

    /// Sectors of the inventory of which its entries are parts.
    pub fn sectors(self) -> &'static [Sector] {
        match self {
            Self::Enterprise => &[Sector::Power, Sector::Boiler, Sector::Industry, Sector::Solvent],
            Self::ConstructionSite => &[Sector::Construction],
            Self::VehicleClass => &[Sector::Traffic],
            Self::NonRoadMachinery => &[Sector::NonRoad],
            Self::HeatingAndCoal => &[Sector::Power, Sector::Boiler, Sector::Residential],
            Self::StrawZone => &[Sector::Fire, Sector::Agriculture],
            Self::Other => {
                &[Sector::Fuel, Sector::RoadDust, Sector::Event, Sector::Solvent, Sector::Agriculture, Sector::Other]
            }
        }
    }
}

impl Grade {
    /// All grades.
    pub const ALL: [Self; 6] = [Self::A, Self::B, Self::C, Self::D, Self::Leading, Self::NonLeading];

    /// As officials write it.
    pub fn zh(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::Leading => "引领性",
            Self::NonLeading => "非引领性",
        }
    }

    /// English word.
    pub fn en(self) -> &'static str {
        match self {
            Self::Leading => "leading",
            Self::NonLeading => "non_leading",
            letter => letter.zh(),
        }
    }

    /// The grade of a word in a file: a letter, also with 级 behind it, or a word in Chinese or English.
    pub fn from_word(word: &str) -> Option<Self> {
        let word = word.strip_suffix('级').unwrap_or(word);
        Self::ALL.into_iter().find(|g| g.zh().eq_ignore_ascii_case(word) || g.en().eq_ignore_ascii_case(word))
    }
}

impl Protection {
    /// All reasons.
    pub const ALL: [Self; 4] = [Self::Heating, Self::Waste, Self::Livelihood, Self::Strategic];

    /// As officials write it.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Heating => "民生供热",
            Self::Waste => "垃圾危废处置",
            Self::Livelihood => "民生保障",
            Self::Strategic => "外贸和重大项目",
        }
    }

    /// English word, which is that of JSON.
    pub fn en(self) -> &'static str {
        match self {
            Self::Heating => "heating",
            Self::Waste => "waste",
            Self::Livelihood => "livelihood",
            Self::Strategic => "strategic",
        }
    }

    /// The reason of a word in a file, Chinese or English.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.zh() == word || p.en().eq_ignore_ascii_case(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_word_is_read_back_and_none_means_two_things() {
        let mut words = BTreeSet::new();
        for f in Family::ALL {
            assert_eq!((Family::from_word(f.zh()), Family::from_word(f.en())), (Some(f), Some(f)));
            assert_eq!(serde_json::to_value(f).unwrap(), f.en());
            assert!(words.insert(f.zh()) && words.insert(f.en()));
        }
        for g in Grade::ALL {
            assert_eq!((Grade::from_word(g.zh()), Grade::from_word(g.en())), (Some(g), Some(g)));
        }
        assert_eq!((Grade::from_word("b级"), Grade::from_word("E")), (Some(Grade::B), None));
        for p in Protection::ALL {
            assert_eq!((Protection::from_word(p.zh()), Protection::from_word(p.en())), (Some(p), Some(p)));
            assert_eq!(serde_json::to_value(p).unwrap(), p.en());
        }
        for s in Sector::ALL {
            assert!(Family::of_sector(s).sectors().contains(&s), "{}", s.name());
        }
    }
}
