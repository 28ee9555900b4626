// Calls the HTTP API of API keys by the SDK, in the mode that the environment names, and checks what comes back.
import assert from "node:assert/strict"
import sdkModule from "@medusajs/js-sdk"

const Medusa = sdkModule.default ?? sdkModule
const { BASE_URL, MODE, CREDENTIAL, ACTOR, FOREIGN_KEY } = process.env

// What fetch of Node lacks for the session mode: a jar, here of the one cookie that the log-in has set.
const send = globalThis.fetch
globalThis.fetch = (url, init) => {
  const headers = new Headers(init.headers)
  if (MODE === "session") {
    assert.equal(init.credentials, "include")
    headers.set("cookie", CREDENTIAL)
  }
  return send(url, { ...init, headers })
}

const configs = {
  key: { apiKey: CREDENTIAL },
  jwt: { auth: { type: "jwt", jwtTokenStorageMethod: "memory" } },
  session: { auth: { type: "session" } },
}
const sdk = new Medusa({ baseUrl: BASE_URL, ...configs[MODE] })
if (MODE === "jwt") {
  await sdk.client.setToken(CREDENTIAL)
}

let calls = 0
const api = new Proxy(sdk.admin.apiKey, {
  get: (target, name) => (...args) => {
    calls++
    return target[name](...args)
  },
})
const fails = (promise, status, message) =>
  assert.rejects(promise, (err) => {
    assert.equal(err.constructor.name, "FetchError")
    assert.equal(err.status, status, err.message)
    assert.match(err.message, message)
    return true
  })

const before = await api.list()
assert.equal(before.offset, 0)
assert.equal(before.limit, 20)
assert.equal(before.count, before.api_keys.length)

const { api_key: secret } = await api.create({ title: `nightly ${MODE}`, type: "secret" })
assert.match(secret.token, /^sk_[a-z2-7]{24}_[a-z2-7]{57}$/)
assert.equal(secret.redacted, `${secret.token.slice(0, 6)}***${secret.token.slice(-3)}`)
assert.equal(secret.type, "secret")
assert.equal(secret.created_by, ACTOR)
assert.equal(secret.last_used_at, null)
assert.equal(secret.revoked_at, null)
assert.equal(secret.revoked_by, null)
assert.ok(Math.abs(Date.parse(secret.created_at) - Date.now()) < 60_000)
assert.ok(Date.parse(secret.updated_at) >= Date.parse(secret.created_at))

const { api_key: publishable } = await api.create({ title: `shop ${MODE}`, type: "publishable" })
assert.match(publishable.token, /^pk_[a-z2-7]{24}_[a-z2-7]{57}$/)

const { api_key: kept } = await api.retrieve(secret.id)
assert.equal(kept.token, "")
assert.equal(kept.redacted, secret.redacted)
assert.equal((await api.retrieve(publishable.id)).api_key.token, publishable.token)

const list = await api.list({ type: "secret", title: `nightly ${MODE}`, limit: 1, offset: 0, fields: "id,title" })
assert.deepEqual([list.count, list.limit, list.offset, list.api_keys[0].id], [1, 1, 0, secret.id])
assert.equal(list.api_keys[0].token, "")
assert.equal((await api.list({ q: `SHOP ${MODE}` })).api_keys[0].id, publishable.id)
assert.equal((await api.list({ id: [secret.id, publishable.id] })).count, 2)
assert.equal((await api.list({ id: publishable.id, type: "secret" })).count, 0)

assert.equal((await api.update(secret.id, { title: `weekly ${MODE}` })).api_key.title, `weekly ${MODE}`)
await fails(api.update(secret.id, { title: "x".repeat(10_000) }), 400, /title/)
await fails(api.update(secret.id, { colour: "red" }), 400, /colour/)
await fails(api.create({ title: "x", type: "golden" }), 400, /type/)
await fails(api.create({ type: "secret" }), 400, /title/)

const channels = await api.batchSalesChannels(publishable.id, { add: ["sc_1", "sc_2"], remove: ["sc_3"] })
assert.deepEqual(channels.api_key.sales_channels.map((c) => c.id), ["sc_1", "sc_2"])
await fails(api.batchSalesChannels(secret.id, { add: ["sc_1"] }), 400,
  /^Sales channels can only be associated with publishable API keys$/)

await fails(api.delete(secret.id), 400, /revoked/)
const { api_key: revoked } = await api.revoke(secret.id)
assert.equal(revoked.revoked_by, ACTOR)
assert.ok(Date.parse(revoked.revoked_at) <= Date.now() + 1000)
await fails(api.revoke(secret.id), 400, /already revoked/)
assert.equal((await api.list({ revoked_at: { $gt: "2020-01-01T00:00:00Z" }, id: secret.id })).count, 1)
assert.equal((await api.list({ revoked_at: { $gt: "2020-01-01T00:00:00Z" }, id: publishable.id })).count, 0)
assert.deepEqual(await api.delete(secret.id), { id: secret.id, object: "api_key", deleted: true })

const unknown = `${secret.id.slice(0, -1)}${secret.id.endsWith("a") ? "b" : "a"}`
for (const id of [secret.id, unknown, FOREIGN_KEY, "apk_123"]) {
  await fails(api.retrieve(id), 404, /not found/i)
  await fails(api.update(id, { title: "mine" }), 404, /not found/i)
  await fails(api.revoke(id), 404, /not found/i)
  await fails(api.delete(id), 404, /not found/i)
  await fails(api.batchSalesChannels(id, { add: ["sc_1"] }), 404, /not found/i)
}
await api.revoke(publishable.id)
await api.delete(publishable.id)
assert.equal((await api.list()).count, before.count)

console.log(`calls: ${calls}`)
