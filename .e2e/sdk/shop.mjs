// Calls all that the SDK can of examples/medusa, in the mode that the environment names, and checks what comes back.
import assert from "node:assert/strict"
import sdkModule from "@medusajs/js-sdk"
import { Jar } from "./jar.mjs"

const Medusa = sdkModule.default ?? sdkModule
const { BASE_URL, MAIL_URL, MODE, ALGORITHM, ADMIN_PASSWORD, SECRET_KEY, PUBLISHABLE_KEY } = process.env

// The storage of an application, which answers later.
class Storage {
  items = new Map()
  getItem = async (key) => this.items.get(key) ?? null
  setItem = async (key, value) => void this.items.set(key, value)
  removeItem = async (key) => void this.items.delete(key)
}

const configs = {
  memory: () => ({ auth: { type: "jwt", jwtTokenStorageMethod: "memory" } }),
  custom: () => ({ auth: { type: "jwt", jwtTokenStorageMethod: "custom", storage: new Storage() } }),
  nostore: () => ({ auth: { type: "jwt", jwtTokenStorageMethod: "nostore" } }),
  session: () => ({ auth: { type: "session" } }),
  key: () => ({ apiKey: SECRET_KEY, auth: { type: "jwt", jwtTokenStorageMethod: "memory" } }),
}
const cookies = MODE === "session"
const keeps = ["memory", "custom", "key"].includes(MODE) // the token that it was given
const guest = MODE === "key" ? 403 : 401 // what is answered to the SDK without a token: the key is somebody, but no customer

let calls = 0
// visitor returns an SDK of somebody's own, which counts its calls and has cookies of its own.
function visitor(config = {}) {
  const jar = new Jar()
  const counted = (part) => new Proxy(part, {
    get(target, name) {
      const member = target[name]
      if (typeof member === "function") {
        return (...args) => {
          calls++
          jar.use()
          return member.apply(target, args)
        }
      }
      return typeof member === "object" ? counted(member) : member
    },
  })
  const sdk = new Medusa({ baseUrl: BASE_URL, publishableKey: PUBLISHABLE_KEY, ...configs[MODE](), ...config })
  return { jar, client: counted(sdk.client), auth: counted(sdk.auth), admin: counted(sdk.admin), store: counted(sdk.store) }
}

// fails expects the SDK to throw what it makes of a refusal.
const fails = (promise, status, message) =>
  assert.rejects(promise, (err) => {
    assert.equal(err.constructor.name, "FetchError", err.stack)
    assert.deepEqual([err.status, err.message], [status, message])
    return true
  })
const unauthorized = (promise) => fails(promise, 401, "Unauthorized")
const anonymous = (promise) => fails(promise, guest, guest === 403 ? "Forbidden" : "Unauthorized")

// mailed returns the token that the server last sent to somebody.
async function mailed(address, kind) {
  const answer = await fetch(`${MAIL_URL}/?${new URLSearchParams({ address, kind })}`, {})
  assert.equal(answer.status, 200, `no mail: ${kind} to ${address}`)
  return answer.text()
}

const part = (token, n) => JSON.parse(Buffer.from(token.split(".")[n], "base64url").toString())
const bearer = (token) => ({ Authorization: `Bearer ${token}` })
// own returns what a mode needs besides, once the SDK was given a token: where it keeps none the application hands it over.
const own = (token) => (MODE === "nostore" ? bearer(token) : {})

let last = 0
const newcomer = () => ({ email: `Ann.${++last}.${MODE}@Example.com`, password: `never seen before ${last}` })

async function registration() {
  const { auth, store, client, jar } = visitor()
  const { email, password } = newcomer()
  const { providers } = await auth.listProviders("customer")
  assert.equal(providers.length, 1)
  assert.deepEqual([providers[0].id, providers[0].flow], ["emailpass", "credentials"])
  assert.ok(providers[0].identifier && providers[0].display_name)

  await anonymous(store.customer.retrieve())
  const token = await auth.register("customer", "emailpass", { email, password })
  assert.equal(part(token, 0).alg, ALGORITHM)
  const claims = part(token, 1)
  assert.deepEqual([claims.actor_id, claims.actor_type, claims.auth_provider], ["", "customer", "emailpass"])
  assert.ok(claims.auth_identity_id && claims.exp && claims.iat)
  assert.equal(await client.getToken(), keeps ? token : null)
  assert.equal(jar.header().includes("sid="), false)

  await unauthorized(store.customer.retrieve({}, bearer(token))) // it creates the customer, and nothing else
  const details = { email, first_name: "Ann", last_name: "Lee", company_name: "Lee & Daughters", phone: "+1 555 0100", metadata: { vip: true } }
  if (!keeps) {
    await anonymous(store.customer.create(details))
  }
  await fails(store.customer.create({ ...details, colour: "red" }, {}, bearer(token)), 400, "Invalid request: Unrecognized fields: 'colour'")
  const { customer } = await store.customer.create(details, { fields: "id,email" }, keeps ? undefined : bearer(token))
  assert.ok(customer.id)
  for (const [name, value] of Object.entries(details)) {
    assert.deepEqual(customer[name], value)
  }
  await fails(store.customer.create(details, {}, bearer(token)), 400, await notTwice)
  await fails(auth.register("customer", "emailpass", { email: email.toLowerCase(), password }), 401, "Identity with email already exists")
  await fails(auth.register("customer", "emailpass", { email }), 400, "Invalid request: Field 'password' is required")

  if (cookies) {
    await unauthorized(auth.refresh()) // there is no session before there is a log-in
  } else {
    const refreshed = await auth.refresh(own(token))
    assert.deepEqual(part(refreshed.token, 1).actor_id, customer.id)
    assert.equal((await store.customer.retrieve({}, own(refreshed.token))).customer.id, customer.id)
  }
  const next = await auth.login("customer", "emailpass", { email: email.toUpperCase(), password })
  assert.equal(part(next, 1).actor_id, customer.id)
  assert.deepEqual(part(next, 1).app_metadata, { customer_id: customer.id })
  const seen = await store.customer.retrieve({ fields: "id" }, own(next))
  assert.deepEqual(seen.customer, customer)
  return { auth, store, client, jar, email, password, token: next, customer }
}
const notTwice = "The identity is linked to an actor of this type already"

// byTurns has the customer made in the middle: in session mode by cookie, and the session goes on as the customer's.
async function byTurns() {
  const { auth, store } = visitor()
  const { email, password } = newcomer()
  await auth.register("customer", "emailpass", { email, password })
  const token = await auth.login("customer", "emailpass", { email, password })
  assert.equal(part(token, 1).actor_id, "")
  await unauthorized(store.customer.retrieve({}, own(token)))
  const { customer } = await store.customer.create({ email }, {}, own(token))
  const refreshed = await auth.refresh(own(token))
  assert.equal(part(refreshed.token, 1).actor_id, customer.id)
  assert.equal((await store.customer.retrieve({}, own(refreshed.token))).customer.id, customer.id)
  await auth.logout()
  await anonymous(store.customer.retrieve())
}

async function logIn({ email, password }) {
  const { auth } = visitor()
  await fails(auth.login("customer", "emailpass", { email, password: "not this one" }), 401, "Invalid email or password")
  await fails(auth.login("customer", "emailpass", { email: "nobody@example.com", password }), 401, "Invalid email or password")
  await fails(auth.login("customer", "google", {}), 400, "The actor type customer is not allowed to use the auth provider google")
  await fails(auth.login("vendor", "emailpass", { email, password }), 400, "The actor type vendor is not allowed to use the auth provider emailpass")
  await fails(auth.callback("customer", "emailpass", { code: "1", state: "2" }), 401, "The auth provider emailpass has no callback")
  await fails(auth.createUser("emailpass"), 404, "Not Found")
}

async function verification({ auth, email, token }) {
  const asked = { entity_id: email, entity_type: "email" }
  const { verification } = await auth.verification.request(asked, own(token))
  assert.deepEqual([verification.entity_id, verification.entity_type], [email, "email"])
  assert.equal("code" in verification, false)
  const code = await mailed(email, "verification")
  await assert.rejects(auth.verification.confirm({ code: `${code}x` }), { status: 400 })
  const confirmed = await auth.verification.confirm({ code })
  assert.deepEqual([confirmed.entity_id, confirmed.entity_type], [email, "email"])
  assert.ok(Math.abs(Date.parse(confirmed.verified_at) - Date.now()) < 60_000)
  await assert.rejects(auth.verification.confirm({ code }), { status: 400 })
  await unauthorized(visitor({ apiKey: undefined }).auth.verification.request(asked))
  const other = `else.${email}`
  await auth.verification.request({ ...asked, entity_id: other }, own(token))
  assert.equal((await auth.verification.confirm({ code: await mailed(other, "verification") })).entity_id, other)
}

async function reset({ auth, store, email, token }) {
  await fails(auth.resetPassword("customer", "emailpass", {}), 400, "Invalid request: Field 'identifier' is required")
  assert.equal(await auth.resetPassword("customer", "emailpass", { identifier: "nobody@example.com" }), undefined)
  assert.equal(await auth.resetPassword("customer", "emailpass", { identifier: email, metadata: { lang: "en" } }), undefined)
  const secret = await mailed(email, "reset")
  const password = `changed by ${MODE} just now`
  for (const bad of [token, `${secret}x`, "", SECRET_KEY]) {
    await fails(auth.updateProvider("customer", "emailpass", { password }, bad), 401, "Invalid token")
  }
  await fails(auth.updateProvider("user", "emailpass", { password }, secret), 401, "Invalid token")
  await auth.updateProvider("customer", "emailpass", { password, entity_id: "admin@example.com" }, secret)
  await fails(auth.updateProvider("customer", "emailpass", { password }, secret), 401, "Invalid token")
  await unauthorized(store.customer.retrieve({}, own(token))) // which ended with the old password
  return { email, password }
}

// again logs in with an SDK that still has a token or a cookie that is no good any more.
async function again({ auth, store, client, jar }, { email, password }) {
  const token = await auth.login("customer", "emailpass", { email, password })
  await store.customer.retrieve({}, own(token))
  const { token: next } = await auth.refresh(own(token))
  await store.customer.retrieve({}, own(next))
  if (cookies) {
    for (const change of [() => client.setToken("not.a.token"), () => client.clearToken()]) {
      await change()
      await store.customer.retrieve() // the cookie carries the log-in, whatever is stored
    }
  }
  await auth.logout()
  assert.ok(!(await client.getToken()))
  await anonymous(store.customer.retrieve())
  if (cookies) {
    assert.equal(jar.header().includes("sid="), false)
    await unauthorized(store.customer.retrieve({}, bearer(next))) // the token died with the session
    await unauthorized(auth.logout())
    return
  }
  await unauthorized(store.customer.retrieve({}, bearer(`${next}x`)))
  await client.setToken(next) // JWT mode logs out by forgetting
  assert.equal(await client.getToken(), keeps ? next : null)
  await store.customer.retrieve({}, own(next))
  await client.clearToken()
  await anonymous(store.customer.retrieve())
}

async function products() {
  const { store, client } = visitor()
  const page = await store.product.list({ limit: 1, offset: 0, fields: "id,title" })
  assert.deepEqual([page.products.length, page.count, page.offset, page.limit], [1, 2, 0, 1])
  const required = "Publishable API key required in the request header: x-publishable-api-key. You can manage your keys in settings in the dashboard."
  await fails(visitor({ publishableKey: "" }).store.product.list(), 400, required)
  for (const publishableKey of ["pk_nothing", SECRET_KEY, PUBLISHABLE_KEY.slice(0, -1)]) {
    await fails(visitor({ publishableKey }).store.product.list(), 400, "A valid publishable key is required to proceed with the request")
  }
  if (keeps) {
    await client.setToken("not.a.token")
    await unauthorized(store.product.list()) // nobody is taken for a guest who says to be somebody
  }
}

async function administration() {
  const it = visitor()
  const { auth, admin } = it
  if (MODE === "key") {
    await fails(admin.user.me(), 403, "Forbidden")
    await unauthorized(auth.refresh())
    await keys(it, {})
    await invites(it, {})
  } else {
    await unauthorized(admin.user.me())
    await unauthorized(admin.apiKey.list())
  }
  await unauthorized(auth.login("user", "emailpass", { email: "admin@example.com", password: ADMIN_PASSWORD }).then((token) =>
    admin.user.me({}, bearer(`${token}x`))))
  const token = await auth.login("user", "emailpass", { email: "admin@example.com", password: ADMIN_PASSWORD })
  const { user } = await admin.user.me({ fields: "id,email" }, own(token))
  assert.deepEqual([user.id, user.email], [part(token, 1).actor_id, "admin@example.com"])
  await anonymousCustomer(it.store, token)
  await keys(it, own(token))
  await invites(it, own(token))
  await auth.logout()
  await anonymous(admin.user.me())
}

const anonymousCustomer = (store, token) => fails(store.customer.retrieve({}, own(token)), 403, "Forbidden")

async function keys({ admin }, headers) {
  const api = admin.apiKey
  const { api_key: secret } = await api.create({ title: "nightly", type: "secret" }, {}, headers)
  assert.match(secret.token, /^sk_/)
  assert.equal((await api.retrieve(secret.id, headers)).api_key.token, "")
  assert.equal((await api.update(secret.id, { title: "weekly" }, {}, headers)).api_key.title, "weekly")
  assert.equal((await api.list({ id: secret.id }, headers)).count, 1)
  await assert.rejects(api.delete(secret.id, headers), { status: 400 })
  assert.ok((await api.revoke(secret.id, headers)).api_key.revoked_at)
  assert.deepEqual(await api.delete(secret.id, headers), { id: secret.id, object: "api_key", deleted: true })
  const { api_key: publishable } = await api.create({ title: "stall", type: "publishable" }, {}, headers)
  await api.batchSalesChannels(publishable.id, { add: ["stall"] }, headers)
  const sold = await visitor({ publishableKey: publishable.token }).store.product.list()
  assert.deepEqual(sold.products.map((p) => p.id), ["prod_mug", "prod_poster"])
  await api.revoke(publishable.id, headers)
}

async function invites({ admin }, headers) {
  const { email, password } = newcomer()
  const { invite } = await admin.invite.create({ email }, {}, headers)
  assert.deepEqual([invite.email, invite.accepted, "token" in invite], [email, false, false])
  const invite_token = await mailed(email, "invite")

  const customer = visitor()
  const shopper = newcomer()
  const foreign = await customer.auth.register("customer", "emailpass", shopper)
  await fails(customer.admin.invite.accept({ invite_token }, {}, bearer(foreign)), 403, "Forbidden")

  const it = visitor()
  const token = await it.auth.register("user", "emailpass", { email, password })
  assert.deepEqual([part(token, 1).actor_type, part(token, 1).actor_id], ["user", ""])
  await unauthorized(it.admin.user.me({}, bearer(token)))
  await unauthorized(it.admin.apiKey.list({}, bearer(token)))
  await fails(it.store.customer.create({ email }, {}, bearer(token)), 403, "Forbidden")
  await fails(it.admin.invite.accept({ invite_token: `${invite_token}x` }, {}, bearer(token)), 401, "Invalid token")
  const accepted = await it.admin.invite.accept({ email, first_name: "Bo", last_name: "Ek", invite_token }, {}, bearer(token))
  assert.deepEqual([accepted.user.email, accepted.user.first_name, accepted.user.last_name], [email, "Bo", "Ek"])
  const second = await it.auth.register("user", "emailpass", newcomer())
  await fails(it.admin.invite.accept({ email, invite_token }, {}, bearer(second)), 401, "Invalid token")
  const session = await it.auth.login("user", "emailpass", { email, password })
  assert.equal((await it.admin.user.me({}, own(session))).user.id, accepted.user.id)
  await it.auth.logout()
}

// factors are not offered: the SDK is told so.
async function factors({ auth, token }) {
  const { mfa } = auth
  await fails(mfa.list(own(token)), 404, "Not Found")
  await fails(mfa.start({ provider: "totp" }, own(token)), 404, "Not Found")
  await fails(mfa.verify("1", { code: "123456" }, own(token)), 404, "Not Found")
  await fails(mfa.disable("1", {}, own(token)), 404, "Not Found")
  await fails(mfa.generateRecoveryCodes({}, own(token)), 404, "Not Found")
  await fails(mfa.verifyChallenge("1", { code: "123456" }, own(token)), 404, "Not Found")
}

// guesses are slowed down, which the SDK tells its user.
async function guesses() {
  const { auth } = visitor()
  const { email, password } = newcomer()
  await auth.register("customer", "emailpass", { email, password })
  const statuses = []
  let message
  for (let n = 0; n < 16; n++) {
    await auth.login("customer", "emailpass", { email, password: `guess ${n}` }).catch((err) => {
      statuses.push(err.status)
      message = err.message
    })
  }
  assert.deepEqual(statuses.slice(0, 10), Array(10).fill(401))
  assert.ok(statuses.slice(10).includes(429), `${statuses}`)
  assert.ok(message)
}

const ann = await registration()
await byTurns()
await logIn(ann)
await factors(ann)
await verification(ann)
await again(ann, await reset(ann))
await products()
await administration()
await guesses()
console.log(`calls: ${calls}`)
