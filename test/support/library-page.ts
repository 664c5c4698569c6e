// A page with every macro that is rendered, in Confluence's storage format; named so that links between pages can be checked.
export const everyMacro = `
<ac:structured-macro ac:name="toc" ac:schema-version="1"><ac:parameter ac:name="maxLevel">3</ac:parameter></ac:structured-macro>
<p>This handbook says how we run the platform: who to ask, what to do when something breaks, and where things are. It is kept short on purpose; if you find something missing, <strong>write it down</strong>. Ask <ac:link><ri:user ri:account-id="5b10a2844c20165700ede21g" /></ac:link> or <ac:link><ri:user ri:username="grace" /></ac:link>, and see <ac:link><ri:page ri:content-title="Deploying" /></ac:link>, <ac:link><ri:page ri:space-key="OPS" ri:content-title="On call" /><ac:plain-text-link-body><![CDATA[the on-call rota]]></ac:plain-text-link-body></ac:link> and <a href="https://www.postgresql.org/docs/">PostgreSQL&rsquo;s manual</a>. <ac:emoticon ac:name="blue-star" ac:emoji-shortname=":rocket:" ac:emoji-id="1f680" ac:emoji-fallback="🚀" /></p>
<ac:structured-macro ac:name="info"><ac:parameter ac:name="title">Before you start</ac:parameter><ac:rich-text-body><p>You need access to the cluster. It takes a day to get it, so ask early.</p></ac:rich-text-body></ac:structured-macro>
<h1>Deploying</h1>
<p>A deployment is a merge to <code>main</code>. State: <ac:structured-macro ac:name="status"><ac:parameter ac:name="title">In review</ac:parameter><ac:parameter ac:name="colour">Yellow</ac:parameter></ac:structured-macro> <ac:structured-macro ac:name="status"><ac:parameter ac:name="title">Live</ac:parameter><ac:parameter ac:name="colour">Green</ac:parameter></ac:structured-macro> <ac:structured-macro ac:name="status"><ac:parameter ac:name="title">Blocked</ac:parameter><ac:parameter ac:name="colour">Red</ac:parameter></ac:structured-macro> <ac:structured-macro ac:name="status"><ac:parameter ac:name="title">Planned</ac:parameter></ac:structured-macro>, since <time datetime="2026-11-03" />.</p>
<ac:structured-macro ac:name="code"><ac:parameter ac:name="language">bash</ac:parameter><ac:parameter ac:name="title">Roll out by hand</ac:parameter><ac:plain-text-body><![CDATA[# Only if the pipeline is down.
set -euo pipefail

for region in eu us; do
    kubectl --context "$region" rollout restart deploy/api && echo "$region: <ok>"
done]]></ac:plain-text-body></ac:structured-macro>
<h2>What to check</h2>
<ac:task-list>
<ac:task><ac:task-id>1</ac:task-id><ac:task-status>complete</ac:task-status><ac:task-body>The error rate stays under 0.1 %</ac:task-body></ac:task>
<ac:task><ac:task-id>2</ac:task-id><ac:task-status>incomplete</ac:task-status><ac:task-body>The queue is empty, <ac:link><ri:user ri:username="ada" /></ac:link> by <time datetime="2026-12-01" /></ac:task-body></ac:task>
</ac:task-list>
<ac:structured-macro ac:name="tip"><ac:rich-text-body><p>A canary of 5 % for ten minutes finds nearly everything.</p></ac:rich-text-body></ac:structured-macro>
<ac:structured-macro ac:name="note"><ac:rich-text-body><p>Database changes go out a release before the code that needs them.</p></ac:rich-text-body></ac:structured-macro>
<ac:structured-macro ac:name="warning"><ac:parameter ac:name="title">Never on a Friday</ac:parameter><ac:rich-text-body><p>Unless somebody is on call who wants to.</p></ac:rich-text-body></ac:structured-macro>
<h1>Services</h1>
<table class="wrapped"><colgroup><col /><col /><col /></colgroup><tbody>
<tr><th class="numberingColumn"></th><th>Service</th><th>Team</th><th>State</th><th>Notes</th></tr>
<tr><td class="numberingColumn">1</td><td>api</td><td rowspan="2">Platform</td><td data-highlight-colour="#e3fcef"><ac:structured-macro ac:name="status"><ac:parameter ac:name="title">Good</ac:parameter><ac:parameter ac:name="colour">Green</ac:parameter></ac:structured-macro></td><td>Everything goes through it.</td></tr>
<tr><td class="numberingColumn">2</td><td>worker</td><td data-highlight-colour="#fffae6">Slow in the evening</td><td>See <ac:structured-macro ac:name="jira"><ac:parameter ac:name="server">Jira</ac:parameter><ac:parameter ac:name="key">OPS-311</ac:parameter></ac:structured-macro></td></tr>
<tr><td class="numberingColumn">3</td><td colspan="4">billing: run by another team, listed for completeness</td></tr>
</tbody></table>
<ac:layout><ac:layout-section ac:type="two_equal"><ac:layout-cell><h3>By day</h3><p>Ask in the channel. Somebody answers within an hour.</p></ac:layout-cell><ac:layout-cell><h3>By night</h3><p>Call. The number is on the <ac:link ac:anchor="Services"><ac:plain-text-link-body><![CDATA[list of services]]></ac:plain-text-link-body></ac:link>.</p></ac:layout-cell></ac:layout-section></ac:layout>
<p><ac:image ac:width="640" ac:alt="How requests travel"><ri:attachment ri:filename="diagram.png" /></ac:image></p>
<p><ac:image><ri:url ri:value="https://tracker.example.com/pixel.png?who=you" /></ac:image> <ac:image><ri:attachment ri:filename="gone.png" /></ac:image></p>
<ac:structured-macro ac:name="expand"><ac:parameter ac:name="title">Older incidents</ac:parameter><ac:rich-text-body><ul><li>2026-03: certificates<ol><li>found late</li><li>mended by hand</li></ol></li><li>2026-07: a full disk</li></ul></ac:rich-text-body></ac:structured-macro>
<ac:structured-macro ac:name="panel"><ac:parameter ac:name="title">Who decides</ac:parameter><ac:parameter ac:name="bgColor">#ff0000</ac:parameter><ac:rich-text-body><p>Whoever is on call. Afterwards we talk.</p></ac:rich-text-body></ac:structured-macro>
<blockquote><p>Slow is smooth, smooth is fast.</p></blockquote>
<ac:structured-macro ac:name="drawio"><ac:parameter ac:name="diagramName">network</ac:parameter></ac:structured-macro>
<h2>Below this page</h2>
<ac:structured-macro ac:name="children" />
<h2>Files</h2>
<ac:structured-macro ac:name="attachments" />
<ac:structured-macro ac:name="noformat"><ac:plain-text-body><![CDATA[2026-11-23 12:00:00 api    ready
2026-11-23 12:00:01 worker ready]]></ac:plain-text-body></ac:structured-macro>
`;
