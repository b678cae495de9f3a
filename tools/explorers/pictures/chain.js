explorer.pictures.chain = ({p, say, tell, plot, level, fitting, ahead, truth, walked, steps, best_here}) => {
  const sigma2 = p.sigma * p.sigma;
  const {lam_t, lam_s, gamma_t, gamma_s} = p;
  const L_t = w2s.teacher_error({lam_t, gamma_t, sigma2});
  const link = w2s.chain_link({lam_s, gamma_s});
  const chain = [w2s.chain_start({lam_t, gamma_t, sigma2})];
  for (let k = 0; k < 60; k++) {
    const {overlap, missing, across} = chain[k];
    chain.push({
      overlap: link.dof * overlap,
      missing: link.rest + link.dof * missing,  // 1 − overlap
      across: link.kept * across + link.across * overlap * overlap,  // energy − overlap²
    });
  }
  // the next student wins while H₁ > c, and each multiplies 1 − c by 1 − λ over the root
  const much = (1 - w2s.imbalance({lam_t, gamma_t, sigma2})) / (1 - w2s.H_1({lam_s, gamma_s}));
  const turn = -Math.log1p(-lam_s / w2s.terms({lam: lam_s, gamma: gamma_s}).root);
  const best = link.rest > 0 && much > 1 ? Math.ceil(Math.log(much) / turn) : 0;
  const place = these => ({x: these.map(at => at.overlap), y: these.map(at => Math.sqrt(at.across))});
  walked.data = steps.data = place(chain.slice(0, p.k + 1));
  ahead.data = place(chain.slice(p.k));
  best_here.data = place(chain.slice(best, best + 1));
  truth.data = {x: [1], y: [0]};
  const turns = explorer.steps(0, Math.PI, 181), radius = Math.sqrt(L_t - sigma2);
  fitting.data = {x: turns.map(u => Math.cos(u / 2) ** 2), y: turns.map(u => Math.sin(u) / 2)};
  level.data = Number.isFinite(radius)
    ? {x: turns.map(u => 1 - radius * Math.cos(u)), y: turns.map(u => radius * Math.sin(u))} : {x: [NaN], y: [NaN]};
  const high = Math.sqrt(chain[0].across);
  plot.y_range.end = Number.isFinite(high) ? Math.max(1.05, 1.1 * high) : 1.05;
  const last = chain[p.k];
  say("L_t", L_t); say("L_k", sigma2 + last.missing ** 2 + last.across);
  say("length", best); say("best", w2s.optimal_teacher_penalty({gamma_t, sigma2}));
  const said = L_t === Infinity ? "pole" : link.rest === 0 ? "copies" : best === Infinity ? "ever"
    : p.k < best ? "before" : p.k === best ? "at" : "after";
  tell(null, [said, {best: explorer.number(best)}]);
};
