//! Links of the page Now to the page of the policy, with a change filled in there.

use leptos::prelude::*;

use super::super::{frame::may_act, steer::filled_in};
use crate::server::{
    config::{desk::Role, transports::TransportName},
    desk::{
        operator::Operator,
        presets::{Preset, Presets},
    },
    ground::words::say,
    http::page_context::PageContext,
};

/// The acts that are offered to an operator.
pub struct Acts {
    presets: Presets,
    may_steer: bool,
    pub may_help: bool,
}

impl Acts {
    pub fn of(context: &PageContext, operator: &Operator) -> Self {
        let presets = Presets::of(&context.state.auth);
        let [may_help, may_steer] = [Role::Help, Role::Steer].map(|role| may_act(operator, role));
        Acts { presets, may_steer, may_help }
    }

    /// Links to changes that are about everybody.
    pub fn of_all(&self) -> impl IntoView + use<> {
        let links = [
            (say!("desk-pause-sign-up"), self.presets.pause_sign_up()),
            (say!("desk-open-sign-up"), self.presets.open_sign_up()),
            (say!("desk-attack"), self.presets.attack()),
            (say!("desk-calm"), self.presets.calm()),
        ];
        let link = |(name, preset): (String, Option<Preset>)| {
            let to = self.to(preset)?;
            Some(view! {
                <li>
                    <a href=to>{name}</a>
                </li>
            })
        };
        let links: Vec<_> = links.into_iter().filter_map(link).collect();
        (!links.is_empty()).then(|| {
            view! {
                <nav class="desk-ranges" aria-label=say!("desk-acts")>
                    <ul>{links}</ul>
                </nav>
                <p class="soft hint">{say!("desk-acts-explained")}</p>
            }
        })
    }

    /// A link that blocks a domain, or the word that it is blocked.
    pub fn of_domain(&self, domain: &str) -> Option<AnyView> {
        if self.presets.blocks(domain) {
            return Some(view! { <span class="soft">{say!("desk-blocked")}</span> }.into_any());
        }
        self.link(say!("desk-block"), domain, self.presets.block(domain))
    }

    /// A link that passes a transport over, or uses it again.
    pub fn of_transport(&self, name: &TransportName) -> Option<AnyView> {
        if self.presets.passes_over(name) {
            return self.link(say!("desk-use-again"), name.as_str(), self.presets.use_again(name));
        }
        self.link(say!("desk-pass-over"), name.as_str(), self.presets.pass_over(name))
    }

    /// True if a transport gets no new mails.
    pub fn passes_over(&self, name: &TransportName) -> bool {
        self.presets.passes_over(name)
    }

    /// A link to a change that is about the one of this name.
    fn link(&self, act: String, name: &str, preset: Option<Preset>) -> Option<AnyView> {
        let to = self.to(preset)?;
        let label = format!("{act}: {name}");
        Some(
            view! {
                <a href=to aria-label=label>
                    {act}
                </a>
            }
            .into_any(),
        )
    }

    fn to(&self, preset: Option<Preset>) -> Option<String> {
        preset.filter(|_| self.may_steer).as_ref().and_then(filled_in)
    }
}
