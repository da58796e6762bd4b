// What the browser writes itself: axes, tooltips and cells. The rules for numbers are those of
// units.py, tested against what @grafana/data writes. Texts of bills only ever become text nodes.
window.viewer = (() => {
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

  function digitsOf(value) {
    if (value === 0 || value % 1 === 0) return 0;
    const digits = 1 - Math.floor(Math.log10(Math.abs(value)));
    const leading = Math.abs(value) / 10 ** -digits;
    return Math.max(0, leading > 2.25 ? digits + 1 : digits);
  }

  function rounded(value, digits) {
    return Math.floor(value * 10 ** digits + 0.5) / 10 ** digits;
  }

  function number(value, unit) {
    if (value === null || value === undefined) return "";
    const decimals = unit.decimals ?? null;
    let amount = unit.prefix ? Math.abs(value) : value * (unit.times ?? 1);
    const steps = unit.steps ?? [""];
    let step = 0;
    if (steps.length > 1 && amount) {
      const size = Math.floor(Math.log10(Math.abs(amount)) / Math.log10(unit.factor));
      step = Math.max(0, Math.min(size, steps.length - 1));
      amount /= unit.factor ** step;
    }
    const digits = decimals ?? digitsOf(amount);
    const text = rounded(amount, digits).toFixed(digits);
    return (unit.prefix && value < 0 ? "-" : "") + (unit.prefix ?? "") + text + steps[step];
  }

  // A tick is a round number: it needs no digit that is zero.
  function axisNumber(unit) {
    return (value) => {
      const plain = { ...unit, decimals: null };
      return number(Math.abs(value) < 1e-12 ? 0 : value, plain).replace(/(\.\d*?)0+(?=\D|$)/, "$1").replace(/\.(?=\D|$)/, "");
    };
  }

  function parts(slot) {
    const [day, time] = slot.split("T");
    const [year, month, date] = day.split("-").map(Number);
    return { year, month, date, time, week: new Date(Date.UTC(year, month - 1, date)).getUTCDay() };
  }

  function axisDay(slot) {
    const { month, date, time } = parts(slot);
    const day = `${date} ${MONTHS[month - 1]}`;
    return time === "00:00" ? day : `${day} ${time}`;
  }

  function longDay(slot) {
    const { year, month, date, time, week } = parts(slot);
    const day = `${DAYS[week]} ${date} ${MONTHS[month - 1]} ${year}`;
    return time === "00:00" ? day : `${day} ${time}`;
  }

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  // A series without a unit is the ground between two others: it is not told.
  function tooltip(units) {
    return (params) => {
      const told = params.filter((each) => units[each.seriesIndex] && (each.value ?? null) !== null);
      const name = params[0]?.name ?? "";
      const box = element("div", "tip");
      box.append(element("div", "tip-title", /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(name) ? longDay(name) : name));
      for (const each of told) {
        const line = element("div", "tip-row");
        const dot = element("span", "dot");
        dot.style.background = each.color;
        const value = number(each.value, units[each.seriesIndex]);
        line.append(dot, element("span", "tip-name", each.seriesName), element("span", "tip-value", value));
        box.append(line);
      }
      return box;
    };
  }

  function cell(params) {
    const key = params.key;
    const data = params.data ?? {};
    const text = data[`${key}:text`] ?? "";
    const box = element("span", "cell");
    if (params.gauge) {
      const bar = element("span", "gauge");
      const filled = element("span", "gauge-filled");
      filled.style.width = `${100 * (data[`${key}:share`] ?? 0)}%`;
      filled.style.background = data[`${key}:bar`] ?? "transparent";
      bar.append(filled);
      box.append(bar);
    }
    const link = data[`${key}:link`];
    const words = element(link ? "a" : "span", link ? "cell-link" : "cell-text", text);
    if (link) {
      words.href = link;
      words.tabIndex = -1;
    }
    if (data[`${key}:colour`]) words.style.color = data[`${key}:colour`];
    box.append(words);
    return box;
  }

  function cellTooltip(params) {
    return params.data?.[`${params.colDef.field}:full`] ?? null;
  }

  // In a grid the cell has the focus, not the link in it.
  function openLink(params) {
    if (params.event.key !== "Enter") return;
    params.event.target.querySelector?.("a[href]")?.click();
  }

  return { number, axisNumber, axisDay, tooltip, cell, cellTooltip, openLink };
})();

// The address is the state: going back shows what was there before.
window.addEventListener("popstate", () => window.location.reload());
