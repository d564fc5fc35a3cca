//! Links and forms of pages, as a browser without JavaScript follows and sends them.

use std::collections::BTreeMap;

use super::{Answer, Browser};

/// The value of an attribute of a tag.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(plain(value))
}

fn plain(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// The address that a link of a page leads to, by what a screen reader calls it.
pub fn link(page: &str, name: &str) -> Option<String> {
    page.split("<a ").skip(1).find_map(|link| {
        let (tag, rest) = link.split_once('>')?;
        let tag = format!(" {tag}");
        let text = plain(rest.split_once("</a>")?.0.trim());
        (attribute(&tag, "aria-label").unwrap_or(text) == name).then(|| attribute(&tag, "href"))?
    })
}

/// The fields of the form of a page that posts to `action`.
pub fn fields(page: &str, action: &str) -> BTreeMap<String, String> {
    let start = format!("action=\"{action}\"");
    let (_, form) = page.split_once(&start).unwrap_or_else(|| panic!("no {action} in {page}"));
    let form = form.split_once("</form>").unwrap().0;
    let mut fields = BTreeMap::new();
    for part in form.split('<').skip(1) {
        let (tag, _) = part.split_once('>').unwrap();
        if !tag.contains(" disabled")
            && let ("input", Some(name)) = (tag.split(' ').next().unwrap(), attribute(tag, "name"))
        {
            fields.insert(name, attribute(tag, "value").unwrap_or_default());
        }
    }
    for part in form.split("<select ").skip(1) {
        let (tag, rest) = part.split_once('>').unwrap();
        let options = rest.split_once("</select>").unwrap().0;
        let options: Vec<&str> = options.split("<option ").skip(1).collect();
        let is_chosen = |option: &&&str| option.split_once('>').unwrap().0.contains("selected");
        let chosen = options.iter().find(is_chosen).or(options.first()).unwrap();
        let value = attribute(&format!(" {chosen}"), "value").unwrap();
        if !tag.contains("disabled") {
            fields.insert(attribute(&format!(" {tag}"), "name").unwrap(), value);
        }
    }
    fields
}

/// Posts the form of a page with these values typed into it.
pub async fn submit(browser: &Browser, page: &str, action: &str, typed: &[(&str, &str)]) -> Answer {
    let mut fields = fields(page, action);
    for (name, value) in typed {
        assert!(fields.contains_key(*name), "{action} has no field {name}: {fields:?}");
        fields.insert((*name).to_owned(), (*value).to_owned());
    }
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post_form(action, &fields).await
}
