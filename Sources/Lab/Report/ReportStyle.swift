/// The style sheet of a report and of its drawings. It holds no character that has to be escaped in XML, for in HTML it
/// is not unescaped.
enum ReportStyle {
    /// Colours on light and on dark ground. The six of the series differ for people who see red, green or blue less,
    /// too.
    static let colours = """
        :root{color-scheme:light dark;--ground:#f4f5f7;--card:#fff;--text:#1b2027;--quiet:#59636f;--line:#dfe3e8;\
        --accent:#2463cf;--wash:#eef3fc;--sent:#d5dae1;--band:#f6e3c8;\
        --s0:#124ba1;--s1:#bb5a12;--s2:#0b9271;--s3:#a11279;--s4:#8c7000;--s5:#6a4bd0}
        @media (prefers-color-scheme:dark){:root{--ground:#12161c;--card:#1b2129;--text:#e8ebef;--quiet:#a3adba;\
        --line:#303945;--accent:#7daaf5;--wash:#212c3d;--sent:#3b4653;--band:#46381f;\
        --s0:#6fa3f2;--s1:#f0a35e;--s2:#5fe6c4;--s3:#f06fbd;--s4:#ecd55f;--s5:#a78bfa}}

        """

    /// What is in drawings; the sizes are known to ``PlotLabel``.
    static let plots = """
        .plot{font-family:system-ui,-apple-system,Segoe UI,Roboto,Noto Sans,Liberation Sans,sans-serif}
        .plot text{fill:var(--text)}
        .plot .tick{font-size:12px;fill:var(--quiet)}
        .plot .label{font-size:13px}
        .plot .value{font-size:13px;font-weight:600}
        .plot .panel{font-size:13.5px;font-weight:650}
        .plot .heading{font-size:17px;font-weight:650}
        .plot .ground{fill:var(--card)}
        .plot .grid{stroke:var(--line);fill:none}
        .plot .axis{stroke:var(--quiet);fill:none}
        .plot .lead{stroke:var(--quiet);fill:none;stroke-width:.8}
        .plot .thread{stroke:var(--line);stroke-width:2;fill:none}
        .plot .line{fill:none;stroke-linejoin:round;stroke-linecap:butt}
        .plot .thin{stroke-width:1.7}
        .plot .whisker{fill:none;stroke-width:1.8}
        .plot .seed{fill:none;stroke-width:1.2;opacity:.45}
        .plot .mark{stroke:var(--card);stroke-width:1.2}
        .plot .sent{fill:var(--sent)}
        .plot .band{fill:var(--band)}
        .plot .between{stroke:none;opacity:.16}
        .s0{stroke:var(--s0)}.s1{stroke:var(--s1)}.s2{stroke:var(--s2)}.s3{stroke:var(--s3)}.s4{stroke:var(--s4)}.s5{stroke:var(--s5)}
        .f0{fill:var(--s0)}.f1{fill:var(--s1)}.f2{fill:var(--s2)}.f3{fill:var(--s3)}.f4{fill:var(--s4)}.f5{fill:var(--s5)}

        """

    /// What is in the page around them.
    static let page = """
        *{box-sizing:border-box}
        html{background:var(--ground);color:var(--text);-webkit-text-size-adjust:100%}
        body{max-width:62rem;margin:0 auto;padding:2rem 1.25rem 4rem;font:16px/1.55 system-ui,-apple-system,Segoe UI,\
        Roboto,Noto Sans,Liberation Sans,sans-serif;overflow-wrap:anywhere}
        h1{margin:.4rem 0 .3rem;font-size:2rem;line-height:1.2;letter-spacing:-.02em;font-weight:700;text-wrap:balance}
        h2{margin:3rem 0 .3rem;font-size:1.3rem;line-height:1.3;letter-spacing:-.01em}
        h3{margin:1.1rem 0 .2rem;font-size:1rem}
        p{margin:.3rem 0;text-wrap:pretty}
        .brand{display:flex;align-items:center;gap:.55rem;color:var(--quiet);font-weight:600}
        .brand svg{width:1.5rem;height:1.5rem}
        .quiet{color:var(--quiet)}
        .findings{margin:1.2rem 0 0;padding:0;list-style:none;display:grid;gap:.5rem}
        .findings li{padding:.65rem 1rem;border-radius:.6rem;background:var(--wash);border-left:4px solid var(--accent)}
        figure{margin:1rem 0 0;padding:1.25rem 1.4rem 1rem;border-radius:1rem;background:var(--card);\
        box-shadow:0 1px 2px rgb(20 30 50/6%),0 8px 32px rgb(20 30 50/6%)}
        figcaption{margin:0 0 1rem}
        figcaption strong{display:block;font-size:1.08rem;line-height:1.35;text-wrap:balance}
        figcaption span{color:var(--quiet);font-size:.92rem}
        .plot{display:block;width:100%;height:auto;overflow:visible}
        .narrow{display:none}
        details{margin-top:.9rem;font-size:.93rem}
        summary{cursor:pointer;color:var(--accent);width:fit-content}
        .scroll{overflow-x:auto;margin-top:.6rem}
        .card{margin-top:1rem;padding:.6rem 1.4rem 1rem;border-radius:1rem;background:var(--card);\
        box-shadow:0 1px 2px rgb(20 30 50/6%),0 8px 32px rgb(20 30 50/6%)}
        .scroll:focus-visible,summary:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
        table{border-collapse:collapse;width:100%;font-size:.88rem;font-variant-numeric:tabular-nums;overflow-wrap:normal}
        th,td{padding:.4rem .55rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
        thead th{white-space:normal;color:var(--quiet);font-weight:600;vertical-align:bottom}
        tbody th{font-weight:500}
        th:first-child,td:first-child{text-align:left;padding-left:0}
        th:last-child,td:last-child{padding-right:0}
        tbody tr:last-child th,tbody tr:last-child td{border-bottom:0}
        .group th{padding-top:1rem;font-weight:650}
        .says{margin:.6rem 0 0;padding-left:1.1rem}
        .says li{margin:.3rem 0}
        dl{display:grid;grid-template-columns:minmax(8rem,max-content) minmax(0,1fr);gap:.35rem 1.4rem;margin:.8rem 0 0}
        dt{color:var(--quiet)}
        dd{margin:0}
        pre{margin:.8rem 0 0;padding:.8rem 1rem;border-radius:.6rem;background:var(--wash);overflow-x:auto;\
        font:.85rem/1.5 ui-monospace,DejaVu Sans Mono,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
        code{font:.92em ui-monospace,DejaVu Sans Mono,Menlo,Consolas,monospace}
        @media (max-width:44rem){
        body{padding:1.25rem .8rem 3rem}
        h1{font-size:1.55rem}
        h2{margin-top:2.2rem}
        figure,.card{padding:1rem .9rem .8rem;border-radius:.8rem}
        .wide{display:none}.narrow{display:block}
        dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.6rem}
        }
        @media print{
        :root{color-scheme:light;--ground:#fff;--card:#fff;--text:#000;--quiet:#444;--line:#ccc;--wash:#f3f3f3;--accent:#124ba1;\
        --sent:#d5dae1;--band:#f6e3c8;--s0:#124ba1;--s1:#bb5a12;--s2:#0b9271;--s3:#a11279;--s4:#8c7000;--s5:#6a4bd0}
        body{max-width:none;padding:0;font-size:11pt}
        figure,.card{box-shadow:none;border:1px solid #ccc;break-inside:avoid}
        .card{break-inside:auto}
        tr,.findings li{break-inside:avoid}
        h2{break-after:avoid}
        .wide{display:block}.narrow{display:none}
        summary{color:#000}
        table{font-size:6.5pt}th,td{padding:1.5pt 2.5pt}
        tbody th,td:nth-child(2){white-space:normal}
        .card{padding:.4rem .7rem}
        .scroll{overflow:visible}
        }

        """
}
