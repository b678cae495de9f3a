explorer.pictures.teacher = ({p, say, tell, best_here, left, left_curve, left_dot, right, right_curve, right_dot}) => {
  const sigma2 = p.sigma * p.sigma;
  const L_t = (lam_t, gamma_t) => w2s.teacher_error({lam_t, gamma_t, sigma2});
  const here = L_t(p.lam_t, p.gamma_t);
  const best = w2s.optimal_teacher_penalty({gamma_t: p.gamma_t, sigma2});
  const penalties = explorer.powers(-4, 2, 281), ratios = explorer.powers(-1, 1, 281);
  const over_penalty = penalties.map(lam_t => L_t(lam_t, p.gamma_t));
  left_curve.data = {x: penalties, y: over_penalty};
  right_curve.data = {x: ratios, y: ratios.map(g => Math.min(L_t(p.lam_t, g), 30 * (sigma2 + 1)))};
  left_dot.data = {x: [p.lam_t], y: [here]};
  right_dot.data = {x: [p.gamma_t], y: [here]};
  best_here.location = best;
  best_here.visible = best > 0;
  explorer.fit(left.y_range, over_penalty, [here]);
  right.y_range.start = Math.max(0, sigma2 - 0.05 * (sigma2 + 1));
  right.y_range.end = 3 * (sigma2 + 1) - right.y_range.start;
  say("L_t", here); say("best", best); say("L_best", L_t(best, p.gamma_t));
  tell(null, p.lam_t === best ? ["best"] : p.lam_t < best ? ["under"] : ["over"]);
};
