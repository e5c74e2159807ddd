//! Circles of imports between the modules of a crate.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use crate::modules::{Import, Module, parent};

/// Modules of which each reaches each other by imports.
pub struct Circle {
    pub members: Vec<String>,
    /// The steps of a shortest circle of these modules: the last step leads to the module of the first.
    pub steps: Vec<Step>,
}

pub struct Step {
    pub from: String,
    pub to: String,
    /// One of the imports that make the step, and the file that it stands in.
    pub file: String,
    pub import: Import,
}

/// The circles of files. Imports between a module and those inside it count for nothing.
pub fn file_circles(modules: &[Module]) -> Vec<Circle> {
    let node = |module: &str| Some(module.to_owned());
    Graph::new(modules, node).circles()
}

/// The circles of modules that stand in one module, each taken with all that is inside it.
pub fn inside(parent: &str, modules: &[Module]) -> Vec<Circle> {
    let node = |module: &str| {
        let rest = module.strip_prefix(parent)?.strip_prefix("::")?;
        let child = rest.split("::").next()?;
        Some(format!("{parent}::{child}"))
    };
    Graph::new(modules, node).circles()
}

/// [`inside`] each module of the crate.
pub fn folder_circles(modules: &[Module]) -> Vec<Circle> {
    let parents: BTreeSet<&str> = modules
        .iter()
        .filter_map(|module| parent(&module.path))
        .collect();
    parents
        .into_iter()
        .flat_map(|parent| inside(parent, modules))
        .collect()
}

#[derive(Default)]
struct Graph {
    steps: BTreeMap<String, BTreeMap<String, (String, Import)>>,
}

impl Graph {
    fn new(modules: &[Module], node: impl Fn(&str) -> Option<String>) -> Self {
        let mut graph = Self::default();
        for module in modules {
            let Some(from) = node(&module.path) else {
                continue;
            };
            for import in &module.imports {
                let Some(to) = node(&import.to) else { continue };
                if !is_related(&from, &to) {
                    let steps = graph.steps.entry(from.clone()).or_default();
                    steps
                        .entry(to)
                        .or_insert_with(|| (module.file.clone(), import.clone()));
                }
            }
        }
        graph
    }

    fn circles(&self) -> Vec<Circle> {
        let reached: BTreeMap<&str, BTreeSet<&str>> = self
            .steps
            .keys()
            .map(|from| (from.as_str(), self.reach(from)))
            .collect();
        let mut circles: Vec<Circle> = Vec::new();
        for (from, reachable) in &reached {
            let is_known = circles.iter().any(|circle| circle.has(from));
            if is_known || !reachable.contains(from) {
                continue;
            }
            let leads_back = |to: &&&str| reached.get(**to).is_some_and(|next| next.contains(from));
            let members: Vec<String> = reachable
                .iter()
                .filter(leads_back)
                .map(|&member| member.to_owned())
                .collect();
            let shortest = members.iter().map(|member| self.shortest(member));
            let steps = shortest.min_by_key(Vec::len).unwrap_or_default();
            circles.push(Circle { members, steps });
        }
        circles
    }

    fn next(&self, from: &str) -> impl Iterator<Item = &str> {
        let steps = self.steps.get(from).into_iter().flatten();
        steps.map(|(to, _)| to.as_str())
    }

    /// Every module that the imports of `from` lead to, however far.
    fn reach<'a>(&'a self, from: &'a str) -> BTreeSet<&'a str> {
        let mut reached = BTreeSet::new();
        let mut waiting = vec![from];
        while let Some(module) = waiting.pop() {
            waiting.extend(self.next(module).filter(|next| reached.insert(*next)));
        }
        reached
    }

    /// The steps of a shortest circle through a member, found by a search in breadth first.
    fn shortest(&self, member: &str) -> Vec<Step> {
        let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut waiting = VecDeque::from([member]);
        while let Some(module) = waiting.pop_front() {
            for next in self.next(module) {
                if !came_from.contains_key(next) {
                    came_from.insert(next, module);
                    waiting.push_back(next);
                }
            }
        }
        let mut steps = Vec::new();
        let mut to = member;
        while let Some(from) = came_from.get(to) {
            let (file, import) = &self.steps[*from][to];
            steps.push(Step {
                from: (*from).to_owned(),
                to: to.to_owned(),
                file: file.clone(),
                import: import.clone(),
            });
            to = from;
            if to == member {
                break;
            }
        }
        steps.reverse();
        steps
    }
}

/// Returns whether the modules are one, or one is inside the other.
fn is_related(a: &str, b: &str) -> bool {
    let is_inside = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.starts_with("::"));
    a == b || is_inside(a, b) || is_inside(b, a)
}

impl Circle {
    fn has(&self, module: &str) -> bool {
        self.members.iter().any(|member| member == module)
    }
}

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "circle of {}: ", self.members.len())?;
        for step in &self.steps {
            write!(f, "{} -> ", short(&step.from))?;
        }
        if let Some(first) = self.steps.first() {
            write!(f, "{}", short(&first.from))?;
        }
        for Step { file, import, .. } in &self.steps {
            write!(f, "\n    {file}:{}: {}", import.line, import.text)?;
        }
        Ok(())
    }
}

fn short(module: &str) -> &str {
    module.strip_prefix("crate::").unwrap_or(module)
}
