//! Runs cases side by side and collects what became of them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use http::Method;
use tokio::sync::watch;

use crate::{
    apns::Apns,
    case::{Case, Stop, Verdict},
    scene::Scene,
    server::{Ask, Server, Who},
};

/// Cases at a time.
const AT_A_TIME: usize = 8;
/// A case that takes longer has failed.
const CASE_TIME: Duration = Duration::from_mins(1);

/// What is checked, and how.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The relay under test.
    pub server: Arc<Server>,
    /// Where it sends its pushes, if that is here.
    pub apns: Option<Arc<Apns>>,
    /// The cases.
    pub cases: Vec<Case>,
}

/// What became of a case.
#[derive(Debug, Clone)]
pub struct Done {
    /// Which.
    pub case: Case,
    /// How it ended.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
}

/// Whether there is a relay at that address that takes this producer key; otherwise what to do.
pub async fn reachable(server: &Arc<Server>) -> Result<(), String> {
    let scene = Scene::new(Arc::clone(server), None);
    let path = format!("/v1/accounts/{}/device_tokens/none", scene.fresh());
    let answer = scene
        .send(Ask::new(Method::DELETE, path, Who::Producer))
        .await;
    match answer {
        Ok(answer) if answer.status == 401 || answer.status == 403 => Err(
            "the relay does not take this producer key: give another with --producer-key"
                .to_owned(),
        ),
        Ok(_) | Err(Stop::NotRun(_)) => Ok(()),
        Err(Stop::Failed { seen, .. }) => Err(format!("the relay cannot be asked: {seen}")),
    }
}

/// Runs the cases, in their order but several at a time. When `stop` says true, the rest is not run.
pub async fn run(plan: Plan, stop: watch::Receiver<bool>, ended: impl Fn(&Done)) -> Vec<Done> {
    let cases = plan.cases.iter().copied().enumerate();
    let running = stream::iter(cases).map(|(index, case)| {
        let scene = Scene::new(Arc::clone(&plan.server), plan.apns.clone());
        let stop = stop.clone();
        async move { (index, one(case, scene, stop).await) }
    });
    let mut running = running.buffer_unordered(AT_A_TIME);
    let mut all = Vec::new();
    while let Some((index, done)) = running.next().await {
        ended(&done);
        all.push((index, done));
    }
    all.sort_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, done)| done).collect()
}

async fn one(case: Case, scene: Scene, mut stop: watch::Receiver<bool>) -> Done {
    let began = Instant::now();
    // An error says that nobody can stop it any more.
    let stopped = async move {
        if stop.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let verdict = tokio::select! {
        biased;
        () = stopped => Err(Stop::NotRun("stopped".to_owned())),
        verdict = tokio::time::timeout(CASE_TIME, (case.body)(&scene)) => verdict.unwrap_or_else(|_| {
            let seconds = CASE_TIME.as_secs();
            Err(Stop::failed("an end of this case", format!("none in {seconds} s")))
        }),
    };
    let verdict = scene.publishable(verdict);
    scene.clean_up().await;
    Done {
        case,
        verdict,
        took: began.elapsed(),
    }
}
