// The equivalents of w2s.covariance, which are sums over directions; the truth is that module's.
explorer.pictures.target = ({p, say, tell, left, right, target, level, teacher, student, dot}) => {
  const sigma2 = p.sigma * p.sigma, {n_t, n_s} = p;
  const index = explorer.steps(1, 100, 100), d = index.length;
  const s = index.map(i => i ** -p.alpha), W = index.map(i => i ** (-1 - p.alpha * (2 * p.r - 1)));
  const sum = f => index.reduce((total, _, i) => total + f(i), 0);
  function fit(kappa, n) {
    const t = s.map(x => x / (x + kappa)), lost = s.map(x => kappa / (x + kappa));
    const spare = n - d + sum(i => lost[i] * (1 + t[i]));  // n − df₂
    const error = sigma2 + sum(i => s[i] * W[i] * lost[i] ** 2);
    return {kappa, t, lost, spare, lam: kappa * (n - d + sum(i => lost[i])) / n, error: error && error * n / spare};
  }
  function solve(lam, n) {  // Newton's method from above
    if (lam === 0 && d <= n) return fit(0, n);
    let now = fit(lam + sum(i => s[i]) / n, n);
    for (let k = 0; k < 200; k++) {
      const {t, lost, kappa, spare} = now;
      const next = (n * lam + kappa * sum(i => t[i] * lost[i])) / spare;
      if (!(next < kappa * (1 - 1e-15))) break;
      now = fit(next, n);
    }
    return now;
  }
  function tuned() {
    const edge = solve(0, n_t);
    const at = u => fit(edge.kappa + 10 ** u, n_t);
    const slope = f => sum(i => s[i] ** 2 / (s[i] + f.kappa) ** 3 * (f.kappa * W[i] - f.error / n_t));
    const errors = explorer.steps(-8, 6, 281).map(u => at(u).error);
    const least = errors.indexOf(Math.min(...errors));
    if (edge.error <= errors[least] * (1 + 1e-13)) return 0;
    let [low, high] = [-8 + (least - 1) / 20, -8 + (least + 1) / 20];
    for (let k = 0; k < 60; k++) {
      const middle = (low + high) / 2;
      if (slope(at(middle)) < 0) low = middle; else high = middle;
    }
    return at(low).lam;
  }
  const best = tuned(), taught = solve(p.times * best, n_t), N = taught.error / n_t;
  const grid = explorer.powers(-4, 2, 121);
  const gaps = grid.map(lam => {
    const {lost, spare} = solve(lam, n_s);
    return sum(i => {
      const t = taught.t[i], energy = s[i] * W[i];
      return n_s / spare * (lost[i] * t) ** 2 * (energy + N) - 2 * lost[i] * t * (N * t - taught.lost[i] * energy);
    });
  });
  const here = gaps.indexOf(Math.min(...gaps)), L_t = taught.error, pole = L_t === Infinity;
  const errors = gaps.map(gap => pole ? Infinity : L_t + gap);
  student.data = {x: grid, y: errors};
  teacher.data = {x: [1e-4, 1e2], y: [L_t, L_t]};
  dot.data = pole ? {x: [], y: []} : {x: [grid[here]], y: [errors[here]]};
  target.data = {x: index, y: W};
  level.data = {x: [1, d], y: [N / taught.kappa, N / taught.kappa]};
  explorer.fit_log(left.y_range, W);
  const near = Math.max(4 * Math.abs(gaps[here]), 0.01 * L_t);  // what a penalty too large loses is off the picture
  if (!pole) explorer.fit(right.y_range, errors.filter((_, k) => gaps[k] <= near), [L_t]);
  say("L_t", L_t); say("L_s", pole ? Infinity : errors[here]); say("best", best); say("critical", (1 - 1 / p.alpha) / 2);
  tell(pole ? 0 : gaps[here], pole ? ["pole"] : gaps[here] < 0
    ? ["wins", {lam_s: explorer.number(grid[here]), share: explorer.number(-100 * gaps[here] / L_t, 3)}] : ["none"]);
};
