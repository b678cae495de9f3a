explorer.pictures.memory = ({p, say, tell, plot, kept, hard, easy, here}) => {
  const {tau, rho, easy: e, step} = p;
  const length = k => w2s.lengths({tau, rho, e, left: (1 - step) ** k});
  const grid = explorer.steps(0, 40, 41);
  const along = grid.map(length), now = length(p.steps);
  const end = Math.sqrt(1 + tau * tau * (1 - rho * rho));
  hard.data = {x: grid, y: along.map(at => at.hard)};
  easy.data = {x: grid, y: along.map(at => at.easy)};
  kept.data = {x: [0, 40], y: [end, end]};
  here.data = {x: [p.steps, p.steps], y: [now.hard, now.easy]};
  plot.y_range.start = 0;
  plot.y_range.end = 1.1 * Math.max(along[0].hard, along[40].easy);
  say("hard", now.hard); say("learnt", now.easy); say("end", end);
  const percent = share => (100 * share).toFixed(0);
  const left = (1 - step) ** p.steps;
  tell(null, tau * rho === 0 ? ["nothing"] : p.steps === 0 ? ["start"] : ["steps", {
    k: p.steps, learnt: percent(1 - left), lost: percent(rho * rho * (1 - left * left)), end: percent(rho * rho),
  }]);
};
