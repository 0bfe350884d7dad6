package browsertest

import (
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
)

// contrast lists texts whose contrast is below 4.5 to 1 (WCAG 2.2, 1.4.3).
const contrast = `(() => {
	const rgb = c => { const m = c.match(/[\d.]+/g).map(Number); return {r: m[0], g: m[1], b: m[2], a: m.length > 3 ? m[3] : 1} };
	const light = c => { const f = v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 };
		return .2126 * f(c.r) + .7152 * f(c.g) + .0722 * f(c.b) };
	const bad = [];
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		if (!walk.currentNode.textContent.trim()) continue;
		const e = walk.currentNode.parentElement;
		if (!e.checkVisibility() || e.closest("style")) continue;
		let back = null;
		for (let p = e; p && !back; p = p.parentElement) { const c = rgb(getComputedStyle(p).backgroundColor); if (c.a === 1) back = c }
		const a = light(rgb(getComputedStyle(e).color)), b = light(back || {r: 255, g: 255, b: 255});
		const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
		if (ratio < 4.5) bad.push(ratio.toFixed(2) + " " + walk.currentNode.textContent.trim());
	}
	return bad;
})()`

// examine looks at what every page owes to whoever reads it.
func (b *tab) examine(name string) {
	b.t.Helper()
	require.Equal(b.t, "en", eval[string](b, `document.documentElement.lang`), name)
	title := eval[string](b, `document.title`)
	require.NotEmpty(b.t, title)
	tree := b.tree()
	count := func(role string) (n int) {
		for _, one := range tree {
			if one.role == role {
				n++
			}
		}
		return n
	}
	require.Equal(b.t, 1, count("main"), name)
	require.Equal(b.t, 1, eval[int](b, `document.querySelectorAll("h1").length`), name)
	require.Equal(b.t, title, eval[string](b, `document.querySelector("h1").innerText`), name)
	var names []string
	for _, one := range tree {
		if one.role == "button" || one.role == "link" {
			require.NotEmpty(b.t, one.name, "%s: a %s without a name", name, one.role)
			require.False(b.t, slices.Contains(names, one.name), "%s: %q twice", name, one.name)
			names = append(names, one.name)
		}
	}
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		require.Empty(b.t, eval[[]string](b, contrast), "%s, %s", name, scheme)
	}
	b.scheme("light")
	b.size(320, 800) // WCAG 2.2, 1.4.10
	require.LessOrEqual(b.t, eval[int](b, `document.documentElement.scrollWidth`), 320, name)
	b.size(1000, 800)
	require.Zero(b.t, eval[int](b, `document.scripts.length`), name)
	require.False(b.t, strings.Contains(eval[string](b, `document.documentElement.outerHTML`), " style="), name)
}
