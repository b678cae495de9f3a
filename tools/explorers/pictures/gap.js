explorer.pictures.gap = ({p, say, tell, cells, low, high, surface, optimum, upper, lower, here}) => {
  const sigma2 = p.sigma * p.sigma;
  const gap_at = (lam_s, lam_t) =>
    w2s.error_gap({lam_t, lam_s, gamma_t: p.gamma_t, gamma_s: p.gamma_s, sigma2, zeta: p.zeta});
  const centre = k => 10 ** (low + (high - low) * (k + 0.5) / cells);
  const image = surface.data.image[0];
  for (let i = 0; i < cells; i++) {
    const L = w2s.teacher_error({lam_t: centre(i), gamma_t: p.gamma_t, sigma2});
    for (let j = 0; j < cells; j++) image[j * cells + i] = gap_at(centre(j), centre(i)) / L;
  }
  surface.change.emit();
  const window_at = u => w2s.winning_window({lam_t: 10 ** u, gamma_t: p.gamma_t, gamma_s: p.gamma_s, sigma2, zeta: p.zeta});
  const open = u => window_at(u).high > window_at(u).low;
  const across = explorer.steps(low, high, 301);
  for (let k = across.length - 1; k > 0; k--) {  // where it opens or closes, to the last digit
    let [shut, wide] = [across[k - 1], across[k]];
    if (open(shut) === open(wide)) continue;
    if (open(shut)) [shut, wide] = [wide, shut];
    for (let n = 0; n < 50; n++) {
      const middle = (shut + wide) / 2;
      if (open(middle)) wide = middle; else shut = middle;
    }
    across.splice(k, 0, wide);
  }
  const windows = across.map(window_at);
  upper.data = {x: across, y: windows.map(v => Math.log10(v.high))};
  lower.data = {x: across, y: windows.map(v => v.high > v.low ? Math.log10(v.low) : NaN)};
  const best = w2s.optimal_teacher_penalty({gamma_t: p.gamma_t, sigma2});
  optimum.location = Math.log10(best);
  optimum.visible = best > 0;
  here.data = {x: [Math.log10(p.lam_t)], y: [Math.log10(p.lam_s)]};
  const gap = gap_at(p.lam_s, p.lam_t);
  const c = w2s.imbalance({lam_t: p.lam_t, gamma_t: p.gamma_t, sigma2});
  const win = w2s.winning_window({lam_t: p.lam_t, gamma_t: p.gamma_t, gamma_s: p.gamma_s, sigma2, zeta: p.zeta});
  say("gap", gap); say("c", c); say("best", best);
  tell(gap, gap < 0 ? ["wins"] : gap === 0 ? ["draw"] : win.high > win.low ? ["other"] : ["none"]);
};
