// Reads a mail with Node. parser is defined in a line that is put before this one.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [file, times] = process.argv.slice(2)
const require = createRequire(join(process.cwd(), 'package.json'))
let read
if (parser === 'mailparser') {
  const { simpleParser } = require('mailparser')
  read = async raw => {
    const m = await simpleParser(raw, { skipTextToHtml: true, skipHtmlToText: true, skipTextLinks: true, skipImageLinks: true })
    return m.attachments.length + (m.text ? 1 : 0) + (m.html ? 1 : 0)
  }
} else {
  const { default: PostalMime } = await import(pathToFileURL(require.resolve('postal-mime')))
  read = async raw => {
    const m = await PostalMime.parse(raw)
    return m.attachments.length + (m.text ? 1 : 0) + (m.html ? 1 : 0)
  }
}

// VmHWM of proc(5): what getrusage knows may be that of the process before.
const most = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024
const before = most()
const leaves = await read(readFileSync(file))
const peak = most() - before
const raw = readFileSync(file)
await read(raw)
const cpu = process.cpuUsage()
for (let i = 0; i < Number(times); i++) await read(raw)
const used = process.cpuUsage(cpu)
console.log(JSON.stringify({ leaves, peak, cpu: (used.user + used.system) / Number(times) }))
