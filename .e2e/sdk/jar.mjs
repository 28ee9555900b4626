// What fetch of Node lacks for the session mode: a jar. The SDK itself stays as it is.

const send = globalThis.fetch
let open // the jar of whoever is calling

// A Jar keeps the cookies that one server has set in one browser.
export class Jar {
  #cookies = new Map()

  // use has fetch send the cookies of this jar, and keep what comes back.
  use() {
    open = this
  }

  get size() {
    return this.#cookies.size
  }

  header() {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ")
  }

  keep(lines) {
    for (const line of lines) {
      const [pair, ...attributes] = line.split(";").map((part) => part.trim())
      const name = pair.slice(0, pair.indexOf("="))
      if (attributes.some((a) => /^max-age=(0|-\d+)$/i.test(a))) {
        this.#cookies.delete(name)
      } else {
        this.#cookies.set(name, pair.slice(name.length + 1))
      }
    }
  }
}

globalThis.fetch = async (url, init) => {
  if (init.credentials !== "include") {
    return send(url, init)
  }
  const jar = open
  const headers = new Headers(init.headers)
  if (jar.size > 0) {
    headers.set("cookie", jar.header())
  }
  const answer = await send(url, { ...init, headers })
  jar.keep(answer.headers.getSetCookie())
  return answer
}
