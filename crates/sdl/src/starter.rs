//! [`Starter`]: a first manifest from a few answers.
//!
//! The text has one service, one compute profile and one placement, in the layout of
//! `sdl-examples`, with a comment above each section. It is checked before it is given away, so it
//! is valid and has no warnings; an answer that does not allow that comes back as an error that
//! names its field. Answers may be any text: what YAML would misread is quoted.

mod fields;
mod page;

use undercut_primitives::Code;

use crate::code;
use crate::diagnostic::Severity;
use crate::gate::quoted;
use crate::model::Version;
use crate::sdl::check;
use crate::suggest;
use page::Page;

pub use fields::StarterField;

/// Answers from which a manifest is made. The default is a web server that is valid as it is.
///
/// Texts are checked by [`Self::to_text`], not before.
///
/// ```
/// use undercut_sdl::{Sdl, Starter};
///
/// let mut starter = Starter::default();
/// starter.set("image", "ghcr.io/example/shop:4.2.0")?;
/// starter.set("port", "8080")?;
/// starter.set("env", "GREETING=so: # what?")?;
/// let text = starter.to_text()?;
/// assert!(text.contains("      - \"GREETING=so: # what?\"\n"));
/// assert_eq!(Sdl::parse(&text).unwrap().groups()[0].ceiling().unwrap().to_string(), "100uact");
///
/// starter.set("memory", "16GB")?;
/// let error = starter.to_text().unwrap_err();
/// assert_eq!(error.to_string(), "SDL014 `memory`: `16GB` is not a size");
/// # Ok::<(), undercut_sdl::StarterError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Starter {
    /// The rules that the manifest follows.
    pub version: Version,
    /// The name of the service, and of its compute profile.
    pub name: String,
    /// The container image.
    pub image: String,
    /// The port that the container listens on, TCP, from 1.
    pub port: u16,
    /// The port outside; `None` when it is the same. TCP 80 is shared HTTP.
    pub outside_port: Option<u16>,
    /// Own host names of the service.
    pub hosts: Vec<String>,
    /// The name of a leased IP address.
    pub leased_ip: Option<String>,
    /// Environment variables, each as `NAME=value`.
    pub env: Vec<String>,
    /// CPUs of one replica, as `0.5` or `500m`.
    pub cpu: String,
    /// Memory of one replica with a unit, as `512Mi`.
    pub memory: String,
    /// Storage of one replica with a unit, gone with the replica.
    pub storage: String,
    /// Storage that survives a restart.
    pub volume: Option<StarterVolume>,
    /// GPUs of one replica.
    pub gpu: Option<StarterGpu>,
    /// Replicas, from 1.
    pub count: u32,
    /// The name of the placement.
    pub placement: String,
    /// The most that one replica may cost per block, in micro-units, as `60.5`.
    pub amount: String,
    /// The currency of the price, in micro-units, as `uact`.
    pub denom: String,
}

/// A persistent volume of a [`Starter`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StarterVolume {
    /// Its size with a unit, as `10Gi`.
    pub size: String,
    /// The folder in the container, an absolute path.
    pub mount: String,
}

impl Default for StarterVolume {
    fn default() -> Self {
        Self { size: "10Gi".to_owned(), mount: "/data".to_owned() }
    }
}

/// GPUs of a [`Starter`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StarterGpu {
    /// How many, from 1.
    pub units: u32,
    /// The model, or `*` for any.
    pub model: String,
    /// The memory of each with a unit, as `80Gi`; `None` for any.
    pub memory: Option<String>,
}

impl Default for StarterGpu {
    fn default() -> Self {
        Self { units: 1, model: "*".to_owned(), memory: None }
    }
}

impl Default for Starter {
    fn default() -> Self {
        Self {
            version: Version::V2_0,
            name: "web".to_owned(),
            image: "nginx:1.27".to_owned(),
            port: 80,
            outside_port: Some(80),
            hosts: Vec::new(),
            leased_ip: None,
            env: Vec::new(),
            cpu: "0.5".to_owned(),
            memory: "512Mi".to_owned(),
            storage: "1Gi".to_owned(),
            volume: None,
            gpu: None,
            count: 1,
            placement: "anywhere".to_owned(),
            amount: "100".to_owned(),
            denom: "uact".to_owned(),
        }
    }
}

/// An answer from which no manifest can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code} `{field}`: {sentence}")]
pub struct StarterError {
    /// The field, by its name in [`Starter::FIELDS`]; for a field that is not there, what was
    /// given for its name.
    pub field: String,
    /// What is wrong with the answer, in general: [`crate::headline`] describes it.
    pub code: Code,
    /// What is wrong: one sentence without a full stop.
    pub sentence: String,
    /// What to answer instead.
    pub help: Option<String>,
}

impl Starter {
    /// Every field that [`Self::set`] knows, in the order in which a person is best asked.
    pub const FIELDS: &'static [StarterField] = fields::FIELDS;

    /// Takes an answer. An empty one means none where a field is optional; a field that is
    /// [repeated](StarterField::is_repeated) gets one item more.
    ///
    /// # Errors
    ///
    /// When there is no such field, or it is a number or version and the answer is none. Other
    /// answers are checked by [`Self::to_text`].
    ///
    /// ```
    /// let mut starter = undercut_sdl::Starter::default();
    /// starter.set("host", "www.example.com").unwrap();
    /// starter.set("host", "example.com").unwrap();
    /// assert_eq!(starter.hosts.len(), 2);
    /// assert_eq!(starter.set("port", "http").unwrap_err().code.as_str(), "SDL050");
    /// assert_eq!(starter.set("ports", "80").unwrap_err().help.unwrap(), "did you mean `port`?");
    /// ```
    pub fn set(&mut self, field: &str, answer: &str) -> Result<(), StarterError> {
        let text = || answer.to_owned();
        let given = || (!answer.is_empty()).then(text);
        let port = |help| number(field, answer, code::PORT, help);
        let number = |help| number(field, answer, code::NUMBER, help);
        match field {
            "name" => self.name = text(),
            "image" => self.image = text(),
            "port" => self.port = port("a port from 1 to 65535")?,
            "outside-port" => {
                let port = given().map(|_| port("a port from 1 to 65535, or nothing"));
                self.outside_port = port.transpose()?;
            }
            "host" => self.hosts.extend(given()),
            "leased-ip" => self.leased_ip = given(),
            "env" => self.env.extend(given()),
            "cpu" => self.cpu = text(),
            "memory" => self.memory = text(),
            "storage" => self.storage = text(),
            "volume-size" => set_part(&mut self.volume, given(), |volume| &mut volume.size),
            "volume-mount" => match &mut self.volume {
                Some(volume) => volume.mount = text(),
                volume => set_part(volume, given(), |volume| &mut volume.mount),
            },
            "gpu" => {
                let units = given().map_or(Ok(0), |_| number("digits alone, or nothing"))?;
                set_part(&mut self.gpu, (units > 0).then_some(units), |gpu| &mut gpu.units);
            }
            "gpu-model" => match &mut self.gpu {
                Some(gpu) => gpu.model = text(),
                gpu => set_part(gpu, given(), |gpu| &mut gpu.model),
            },
            "gpu-memory" => match (&mut self.gpu, given()) {
                (None, None) => {}
                (gpu, memory) => gpu.get_or_insert_default().memory = memory,
            },
            "count" => self.count = number("digits alone")?,
            "placement" => self.placement = text(),
            "amount" => self.amount = text(),
            "denom" => self.denom = text(),
            "version" => self.version = version(answer)?,
            _ => return Err(no_field(field)),
        }
        Ok(())
    }

    /// The manifest: commented, valid, without warnings.
    ///
    /// # Errors
    ///
    /// The first problem that the answers lead to, with the field that it comes from.
    pub fn to_text(&self) -> Result<String, StarterError> {
        let page = Page::write(self);
        let (_, problems) = check(page.text());
        let error = problems.iter().find(|problem| problem.severity == Severity::Error);
        let Some(problem) = error.or(problems.iter().next()) else {
            return Ok(page.into_text());
        };
        let field = match problem.code {
            // It is about all replicas together, wherever it is told.
            code::GROUP_LIMIT => "count",
            _ => page.field_at(problem.line),
        };
        Err(StarterError {
            field: field.to_owned(),
            code: problem.code,
            sentence: problem.sentence.clone(),
            help: problem.help.clone(),
        })
    }
}

/// Sets one part of a thing, which then exists; without a value there is no thing.
fn set_part<T: Default, P>(thing: &mut Option<T>, value: Option<P>, part: fn(&mut T) -> &mut P) {
    match value {
        Some(value) => *part(thing.get_or_insert_default()) = value,
        None => *thing = None,
    }
}

fn number<T: std::str::FromStr>(
    field: &str,
    answer: &str,
    code: Code,
    help: &str,
) -> Result<T, StarterError> {
    answer.parse().map_err(|_| StarterError {
        field: field.to_owned(),
        code,
        sentence: format!("{} is not a number that fits", quoted(answer)),
        help: Some(format!("answer with {help}")),
    })
}

fn version(answer: &str) -> Result<Version, StarterError> {
    match answer {
        "2.0" => Ok(Version::V2_0),
        "2.1" => Ok(Version::V2_1),
        _ => Err(StarterError {
            field: "version".to_owned(),
            code: code::VERSION,
            sentence: format!("{} is not a version", quoted(answer)),
            help: Some("answer with 2.0 or 2.1".to_owned()),
        }),
    }
}

fn no_field(name: &str) -> StarterError {
    let names = Starter::FIELDS.iter().map(|field| field.name);
    StarterError {
        field: name.to_owned(),
        code: code::UNKNOWN_KEY,
        sentence: "there is no field of this name".to_owned(),
        help: suggest::nearest(name, names).map(|nearest| format!("did you mean `{nearest}`?")),
    }
}
