//! Errors in Chinese: frames around their fields, with the phrases in them where there is a Chinese form, else as they are.

mod phrases;

use crate::error::Error;
use clap::error::{ContextKind, ErrorKind};
use std::borrow::Cow;
use std::error::Error as _;

/// An error: what kind it is, where, what was found, what was expected, and what to do.
pub fn error(error: &Error) -> String {
    let path = |path: &std::path::Path| say(&path.display().to_string()).into_owned();
    match error {
        Error::Io { path: at, source } => format!("读写失败：{}：{}", path(at), say(&source.to_string())),
        Error::Format { path: at, place, found, expected, remedy } => {
            format!("文件有误：{}，{}。处理：{}", path(at), fault(place, found, expected), say(remedy))
        }
        Error::Missing { what, path: at, remedy } => {
            format!("缺少{}（{}）。处理：{}", say(what), path(at), say(remedy))
        }
        Error::Invalid { path: at, field, found, expected } => {
            format!("设置有误：{}，{}", path(at), fault(field, found, expected))
        }
        Error::Unstable { process, place, found, expected } => {
            let fault = fault(place, found, expected);
            format!("数值保护停止了运行：{}，{fault}。处理：请连同输入文件报告这次运行", say(process))
        }
        Error::Busy { path: at, by, remedy } => format!("{}正占用{}。处理：{}", say(by), path(at), say(remedy)),
    }
}

fn fault(place: &str, found: &str, expected: &str) -> String {
    format!("{}。发现：{}；应为：{}", say(place), say(found), say(expected))
}

/// Why the arguments are not understood; `None` where they ask for help or the version.
pub fn usage(error: &clap::Error) -> Option<String> {
    let of = |kind: ContextKind| error.get(kind).map(ToString::to_string).filter(|text| !text.is_empty());
    let argument = of(ContextKind::InvalidArg).unwrap_or_default();
    let mut message = match error.kind() {
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => match of(ContextKind::InvalidValue) {
            Some(value) => format!("参数 {argument} 的值 {value} 无效"),
            None => format!("参数 {argument} 没有值"),
        },
        ErrorKind::UnknownArgument => format!("没有参数 {argument}"),
        ErrorKind::InvalidSubcommand => {
            format!("没有命令 {}", of(ContextKind::InvalidSubcommand).unwrap_or_default())
        }
        ErrorKind::MissingRequiredArgument => format!("缺少参数 {argument}"),
        ErrorKind::ArgumentConflict => match of(ContextKind::PriorArg).filter(|prior| *prior != argument) {
            Some(prior) => format!("参数 {argument} 不能与 {prior} 同时使用"),
            None => format!("参数 {argument} 只能给一次"),
        },
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("参数 {argument} 的值的个数不对")
        }
        _ => return None,
    };
    if let Some(why) = error.source() {
        message.push_str(&format!("：{}", say(&why.to_string())));
    }
    if let Some(known) = of(ContextKind::ValidValue) {
        message.push_str(&format!("，应为下列之一：{known}"));
    }
    Some(message + "。处理：用 --help 查看用法")
}

/// A phrase in Chinese, with its values as they are; as it is where it has no Chinese form.
pub fn say(english: &str) -> Cow<'_, str> {
    match phrases::phrase(english) {
        Some(chinese) => Cow::Borrowed(chinese),
        None => filled(english).map_or(Cow::Borrowed(english), Cow::Owned),
    }
}

/// A phrase with values, by the template that has most letters in common with it.
fn filled(english: &str) -> Option<String> {
    let fitting = phrases::TEMPLATES.iter().filter_map(|(en, zh)| Some((en, zh, values(en, english)?)));
    let (_, chinese, values) = fitting.max_by_key(|(en, _, values)| en.len() - 2 * values.len())?;
    let mut parts = chinese.split("{}");
    let first = parts.next().unwrap_or_default().to_owned();
    Some(values.into_iter().zip(parts).fold(first, |text, (value, part)| text + &say(value) + part))
}

/// What stands at each `{}` of a template in a text; `None` where the text is another.
fn values<'t>(template: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let mut parts = template.split("{}");
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut values = Vec::new();
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let (value, after) = match parts.peek() {
            Some(_) => rest.split_once(part)?,
            None => (rest.strip_suffix(part)?, ""),
        };
        values.push(value);
        rest = after;
    }
    values.iter().all(|v| !v.is_empty()).then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_and_phrases_inside_phrases_are_said() {
        assert_eq!(say("line 12, column date"), "第12行，date列");
        assert_eq!(
            say("3 refused rows and none accepted, the first with no column `a` among `b`").matches('`').count(),
            4
        );
        assert_eq!(
            say("3 refused rows and none accepted, the first with no station"),
            "3行被拒绝，没有一行可用，其中第一行：没有站点"
        );
        assert_eq!(
            say("an input file that can be read: Permission denied (os error 13)"),
            "可读的输入文件：没有权限（系统错误13）"
        );
        // nothing is lost
        for text in ["", "{}", "nobody has said this yet", "一", "line ", "one of "] {
            assert_eq!(say(text), text);
        }
    }

    #[test]
    fn the_closest_template_is_taken() {
        assert_eq!(values("a {} c", "a b c"), Some(vec!["b"]));
        assert_eq!(values("a {} c {}", "a b c d c e"), Some(vec!["b", "d c e"]));
        assert_eq!(values("a {} c", "a b d"), None);
        assert_eq!(values("{} c", " c"), None);
        assert_eq!(say("2026-05-01, which is after 2026-01-01"), "2026-05-01，晚于2026-01-01");
    }

    #[test]
    fn every_kind_of_error_has_its_frame() {
        let busy = Error::locked("runs/.lock".into());
        assert_eq!(super::error(&busy), "另一个运行正占用runs/.lock。处理：等它结束后再启动");
        let io = Error::io("a.csv", std::io::Error::from_raw_os_error(28));
        assert_eq!(super::error(&io), "读写失败：a.csv：磁盘已满（系统错误28）");
        let format = Error::format("a.csv", "line 2", "3 fields", "4 fields as in the header", "Fetch the file again");
        assert_eq!(
            super::error(&format),
            "文件有误：a.csv，第2行。发现：3个字段；应为：与表头相同的4个字段。处理：重新获取该文件"
        );
        let invalid = Error::invalid("command line", "--city", "X", "a city of the file");
        assert_eq!(super::error(&invalid), "设置有误：命令行，--city。发现：X；应为：文件中的一个城市");
    }
}
