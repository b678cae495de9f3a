explorer.pictures.cloud = ({p, say, tell, plot, diagonal, won, lost}) => {
  const d = 20, n_t = 40, n_s = 80, each = d + n_t * d + n_t + n_s * d;
  function uniform(k) {  // mulberry32, the k-th number
    const a = Math.imul(k + 1, 0x6D2B79F5);
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
  const normal = k => Math.sqrt(-2 * Math.log(1 - uniform(2 * k))) * Math.cos(2 * Math.PI * uniform(2 * k + 1));
  const dot = (u, v, count = d) => { let sum = 0; for (let i = 0; i < count; i++) sum += u[i] * v[i]; return sum; };
  function ridge(rows, y, lam) {  // by Cholesky's L of XᵀX/n + λ
    const n = rows.length, columns = explorer.steps(0, d - 1, d).map(j => rows.map(row => row[j]));
    const L = columns.map(() => new Float64Array(d)), beta = columns.map(x => dot(x, y, n) / n);
    for (let i = 0; i < d; i++) {
      for (let j = 0; j <= i; j++) {
        const rest = dot(columns[i], columns[j], n) / n + (i === j ? lam : 0) - dot(L[i], L[j], j);
        L[i][j] = i === j ? Math.sqrt(rest) : rest / L[j][j];
      }
      beta[i] = (beta[i] - dot(L[i], beta, i)) / L[i][i];
    }
    for (let i = d - 1; i >= 0; i--) {
      for (let j = i + 1; j < d; j++) beta[i] -= L[j][i] * beta[j];
      beta[i] /= L[i][i];
    }
    return beta;
  }
  const seen = explorer.steps(0, p.draws - 1, Math.max(p.draws, 2)).slice(0, p.draws).map(number => {
    let k = (p.seed * 200 + number) * each;
    const take = count => Array.from({length: count}, () => normal(k++));
    const truth = take(d).map(x => x / Math.sqrt(d)), error = beta => p.sigma ** 2 + beta.reduce((sum, x, i) => sum + (x - truth[i]) ** 2, 0);
    const rows = Array.from({length: n_t}, () => take(d)), noise = take(n_t), fresh = Array.from({length: n_s}, () => take(d));
    const teacher = ridge(rows, rows.map((row, i) => dot(row, truth) + p.sigma * noise[i]), p.lam_t);
    const student = ridge(fresh, fresh.map(row => dot(row, teacher)), p.lam_s);
    return {x: error(teacher), y: error(student)};
  });
  const wins = seen.filter(({x, y}) => y < x - 1e-9), others = seen.filter(({x, y}) => y >= x - 1e-9);
  for (const [source, these] of [[won, wins], [lost, others]]) source.data = {x: these.map(at => at.x), y: these.map(at => at.y)};
  diagonal.data = {x: [0, 1e3], y: [0, 1e3]};
  explorer.fit(plot.x_range, seen.flatMap(({x, y}) => [x, y]), []);
  [plot.y_range.start, plot.y_range.end] = [plot.x_range.start, plot.x_range.end];
  const mean = key => seen.reduce((sum, at) => sum + at[key], 0) / p.draws;
  say("wins", wins.length); say("L_t", mean("x")); say("L_s", mean("y"));
  say("best", w2s.optimal_teacher_penalty({gamma_t: d / n_t, sigma2: p.sigma ** 2}));
  tell(null, p.lam_s === 0 ? ["copy"] : ["counted", {wins: wins.length, draws: p.draws}]);
};
