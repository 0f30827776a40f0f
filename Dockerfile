# The gateway's image: built with Swift, run on plain Debian, by a user without rights.
FROM swift:6.3-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpg-query-dev libpq-dev libsqlite3-dev libssl-dev pkg-config \
        postgresql-server-dev-15 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
# The dependencies first: they change more seldom than the sources.
COPY Package.swift Package.resolve[d] ./
RUN swift package resolve
COPY Sources Sources
COPY Tests Tests
RUN swift build -c release --product domicile --static-swift-stdlib \
    && install -D -m 755 .build/release/domicile /out/domicile

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl libpg-query1504.0 libpq5 libsqlite3-0 libssl3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/domicile --shell /usr/sbin/nologin \
        domicile \
    && install -d -o domicile -g domicile -m 750 /var/lib/domicile
COPY --from=build /out/domicile /usr/local/bin/domicile
USER domicile
WORKDIR /var/lib/domicile
VOLUME /var/lib/domicile
EXPOSE 6432
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=3 \
    CMD ["curl", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:6480/readyz"]
ENTRYPOINT ["domicile"]
CMD ["--help"]
