import Testing

@testable import Web

@Suite struct `Page assets` {
    @Test func `the page itself answers the root, with or without a query`() throws {
        let page = try #require(PageAssets.asset(forPath: "/"))
        #expect(page.contentType == "text/html; charset=utf-8")
        #expect(unsafe String(decoding: page.bytes, as: UTF8.self).hasPrefix("<!doctype html>"))
        #expect(PageAssets.asset(forPath: "/?x=1")?.entityTag == page.entityTag)
        #expect(PageAssets.asset(forPath: "/index.html")?.entityTag == page.entityTag)
    }

    @Test(arguments: [
        "", "index.html", "/.", "/../Package.swift", "/%2e%2e/etc/passwd", "//", "/app.js/", "/APP.JS", "/dl/0",
    ])
    func `nothing else is there`(path: String) {
        #expect(PageAssets.asset(forPath: path) == nil)
    }

    @Test func `what the page refers to is embedded with the type that browsers demand`() throws {
        for asset in PageAssets.all {
            let text = unsafe String(decoding: asset.bytes, as: UTF8.self)
            let references = text.matches(of: /(?:from "\.\/|(?:src|href)=")([a-z0-9-]+\.[a-z]+)"/).map { String($0.1) }
            for name in references {
                let found = try #require(PageAssets.asset(forPath: "/" + name), "\(asset.path) refers to \(name)")
                let expected = name.hasSuffix(".js") ? "text/javascript; charset=utf-8" : nil
                #expect(expected == nil || found.contentType == expected)
            }
        }
        #expect(PageAssets.asset(forPath: "/sw.js")?.contentType == "text/javascript; charset=utf-8")
    }

    @Test func `every answer forbids what the page does not need`() throws {
        for asset in PageAssets.all {
            let headers = Dictionary(uniqueKeysWithValues: asset.headers.map { ($0.name, $0.value) })
            let policy = try #require(headers["Content-Security-Policy"])
            #expect(policy.contains("default-src 'self'") && !policy.contains("unsafe"))
            #expect(headers["X-Content-Type-Options"] == "nosniff")
            #expect(headers["Referrer-Policy"] == "no-referrer")
            #expect(headers["Content-Type"] == asset.contentType && headers["ETag"] == asset.entityTag)
        }
    }

    @Test func `files have different tags`() {
        #expect(Set(PageAssets.all.map(\.entityTag)).count == PageAssets.all.count)
    }

    @Test func `the page holds no inline script or style, which its policy would refuse`() throws {
        let page = try #require(PageAssets.asset(forPath: "/"))
        let text = unsafe String(decoding: page.bytes, as: UTF8.self)
        #expect(text.firstMatch(of: /<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/) == nil)
    }

    @Test func `no script of the page writes markup`() {
        for asset in PageAssets.all where asset.path.hasSuffix(".js") {
            let text = unsafe String(decoding: asset.bytes, as: UTF8.self)
            #expect(
                text.firstMatch(of: /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/)
                    == nil)
        }
    }
}
