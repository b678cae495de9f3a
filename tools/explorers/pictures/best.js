explorer.pictures.best = ({p, say, tell, plot, best_here, teacher, unlimited, student, dot}) => {
  const sigma2 = p.sigma * p.sigma;
  const L_t = lam_t => w2s.teacher_error({lam_t, gamma_t: p.gamma_t, sigma2});
  const gap = (lam_s, lam_t, gamma_s) =>
    w2s.error_gap({lam_t, lam_s, gamma_t: p.gamma_t, gamma_s, sigma2, zeta: 0});
  // L_s has one minimum in λₛ, so a golden section closes in on it. u is log₁₀ λₛ.
  const golden = (Math.sqrt(5) - 1) / 2;
  function least(lam_t, gamma_s) {
    const at = u => gap(10 ** u, lam_t, gamma_s);
    let [low, high] = [-12, 8];
    for (let k = 0; k < 60; k++) {
      const [x, y] = [high - golden * (high - low), low + golden * (high - low)];
      [low, high] = at(x) < at(y) ? [low, y] : [x, high];
    }
    return high > -11 ? 10 ** ((low + high) / 2) : 0;
  }
  const L_s = (lam_t, gamma_s) => L_t(lam_t) + gap(least(lam_t, gamma_s), lam_t, gamma_s);
  const grid = explorer.powers(-3, 1, 161);
  const taught = grid.map(L_t), learnt = grid.map(lam_t => L_s(lam_t, p.gamma_s));
  teacher.data = {x: grid, y: taught};
  student.data = {x: grid, y: learnt};
  unlimited.data = {x: grid, y: grid.map(lam_t => L_s(lam_t, 1e-9))};
  const tuned = w2s.optimal_teacher_penalty({gamma_t: p.gamma_t, sigma2});
  const peak = L_t(p.lam_t) === Infinity;  // there the best student keeps nothing
  const lam_s = peak ? Infinity : least(p.lam_t, p.gamma_s);
  const here = peak ? -Infinity : gap(lam_s, p.lam_t, p.gamma_s);
  const error = peak ? sigma2 + 1 : L_t(p.lam_t) + here;
  const share = peak ? 1 : here / (L_t(tuned) - L_t(p.lam_t));
  dot.data = {x: [p.lam_t], y: [error]};
  best_here.location = tuned;
  best_here.visible = tuned > 0;
  explorer.fit(plot.y_range, learnt, taught.filter(y => y < 3 * (sigma2 + 1)));
  say("lam_s", lam_s); say("L_t", L_t(p.lam_t)); say("L_s", error); say("best", tuned);
  say("share", p.lam_t === tuned ? NaN : share);
  tell(null, here < 0 ? ["share", {share: (100 * share).toFixed(0)}]
    : p.lam_t < tuned ? ["none"] : ["tuned"]);
};
